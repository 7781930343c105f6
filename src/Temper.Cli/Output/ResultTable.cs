using Spectre.Console;

namespace Temper.Cli.Output;

/// <summary>
/// A table of results with left-aligned text and right-aligned numbers. The first column names the row. On a narrow
/// terminal the other columns are shortened or left out (see <see cref="ColumnFit"/>).
/// </summary>
internal sealed class ResultTable
{
    private readonly string? _title;
    private readonly TableHead[] _heads;
    private readonly List<string[]> _rows = [];

    /// <param name="title">Title above the table; null: none.</param>
    /// <param name="columns">Column titles; one leading <c>#</c> (not shown) marks a column of numbers.</param>
    internal ResultTable(string? title, params string[] columns)
    {
        _title = title;
        _heads = [.. columns.Select(TableHead.Of)];
    }

    internal ResultTable Row(params string[] cells)
    {
        _rows.Add(cells);
        return this;
    }

    internal void Write(Terminal terminal)
    {
        ColumnFit fit = ColumnFit.Of(_heads, _rows, terminal.Results.Profile.Width);
        string[][] rows =
            [.. _rows.Select(row => fit.Shown.Select(shown => Cell(row, shown.Column, shown.Width)).ToArray())];
        int width = ColumnFit.TableWidth(
            fit.Shown.Select((shown, i) => _heads[shown.Column].Natural(rows.Select(row => row[i]))));
        var table = new Table
        {
            Border = TableBorder.Rounded,
            Title = _title is null ? null : new TableTitle(Markup.Escape(ColumnFit.Title(_title, width))),
        };
        foreach ((int column, _) in fit.Shown)
        {
            var cell = new TableColumn(Markup.Escape(_heads[column].Head)) { NoWrap = true };
            table.AddColumn(_heads[column].IsNumber ? cell.RightAligned() : cell);
        }

        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        terminal.Results.Write(table);
        if (fit.LeftOut.Count > 0)
        {
            string names = string.Join(", ", fit.LeftOut.Select(column => _heads[column].Head));
            terminal.Note($"columns not shown because the terminal is too narrow: {names}; --json has everything");
        }
    }

    private string Cell(string[] row, int column, int width) => column == 0 ? ColumnFit.Fold(row[0], width)
        : _heads[column].IsNumber ? row[column] : ColumnFit.Wrap(row[column], width);
}
