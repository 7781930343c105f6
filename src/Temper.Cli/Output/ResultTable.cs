using Spectre.Console;

namespace Temper.Cli.Output;

/// <summary>A table of results: words to the left, numbers to the right.</summary>
internal sealed class ResultTable
{
    private readonly Table _table = new() { Border = TableBorder.Rounded };

    /// <param name="title">Above the table; null for none.</param>
    /// <param name="columns">Heads; one that starts with <c>#</c> is a column of numbers.</param>
    internal ResultTable(string? title, params string[] columns)
    {
        _table.Title = title is null ? null : new TableTitle(Markup.Escape(title));
        foreach (string column in columns)
        {
            var cell = new TableColumn(Markup.Escape(column.TrimStart('#'))) { NoWrap = true };
            _table.AddColumn(column.StartsWith('#') ? cell.RightAligned() : cell);
        }
    }

    internal ResultTable Row(params string[] cells)
    {
        _table.AddRow([.. cells.Select(cell => new Text(cell))]);
        return this;
    }

    internal void Write(Terminal terminal) => terminal.Results.Write(_table);
}
