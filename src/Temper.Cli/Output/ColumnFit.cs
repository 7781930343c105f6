namespace Temper.Cli.Output;

/// <summary>A column of a text table.</summary>
/// <param name="Head">Title of the column.</param>
/// <param name="IsNumber">
/// True if the column contains numbers: it is shown in full or left out, never truncated.
/// </param>
internal sealed record TableHead(string Head, bool IsNumber)
{
    /// <summary>Minimum width of a text column; if the table is still too wide, a column is left out.</summary>
    private const int MinWords = 8;

    /// <summary>
    /// Reads a title in which one leading <c>#</c> marks a column of numbers; a title may begin with further ones.
    /// </summary>
    internal static TableHead Of(string column) =>
        column.StartsWith('#') ? new TableHead(column[1..], true) : new TableHead(column, false);

    /// <summary>Length of the longest line of a cell.</summary>
    internal static int Width(string cell) => cell.Split('\n').Max(line => line.Length);

    /// <summary>Width at which no cell is shortened or wrapped.</summary>
    internal int Natural(IEnumerable<string> cells) => cells.Select(Width).Append(Head.Length).Max();

    /// <summary>Minimum width; a narrower column is left out.</summary>
    internal int Min(int natural) => IsNumber ? natural : Math.Min(natural, Math.Max(MinWords, Head.Length));
}

/// <summary>
/// The columns of a table that fit a terminal, with their widths. The first column, the key, is always shown and never
/// shortened. A column of numbers is shown in full or left out. A text column is wrapped or shortened.
/// </summary>
/// <param name="Shown">Columns shown, with their widths.</param>
/// <param name="LeftOut">Columns left out.</param>
internal sealed record ColumnFit(IReadOnlyList<(int Column, int Width)> Shown, IReadOnlyList<int> LeftOut)
{
    /// <summary>Width of a column besides its text: a border and a space on both sides.</summary>
    private const int Frame = 3;

    internal static ColumnFit Of(IReadOnlyList<TableHead> heads, IReadOnlyList<string[]> rows, int width)
    {
        int[] natural = [.. heads.Select((head, column) => head.Natural(rows.Select(row => row[column])))];
        // A longer key is continued on the next line.
        natural[0] = Math.Min(natural[0], Math.Max(heads[0].Head.Length, (width / 2) - Frame));
        int[] min = [.. heads.Select((head, column) => column == 0 ? natural[0] : head.Min(natural[column]))];
        List<int> shown = [.. Enumerable.Range(0, heads.Count)], leftOut = [];
        int space = width - 1 - (Frame * heads.Count);
        while (shown.Count > 1 && shown.Sum(column => min[column]) > space)
        {
            int next = shown.FindLast(column => column > 0 && rows.All(row => row[column].Length == 0)) is > 0
                and var empty ? empty : shown[^1];
            shown.Remove(next);
            leftOut.Add(next);
            space += Frame;
        }

        return new ColumnFit(Widen(shown, natural, min, space), [.. leftOut.Order()]);
    }

    /// <summary>
    /// Distributes the remaining width, one character at a time, to the narrowest column below its natural width.
    /// </summary>
    private static (int Column, int Width)[] Widen(List<int> shown, int[] natural, int[] min, int space)
    {
        int[] widths = [.. min];
        for (int left = space - shown.Sum(column => min[column]); left > 0; left--)
        {
            int[] cut = [.. shown.Where(column => widths[column] < natural[column])];
            if (cut.Length == 0)
            {
                break;
            }

            widths[cut.MinBy(column => widths[column])]++;
        }

        return [.. shown.Select(column => (column, widths[column]))];
    }

    /// <summary>
    /// Wraps a cell between words to lines of at most <paramref name="width"/>; longer words are shortened in the
    /// middle.
    /// </summary>
    internal static string Wrap(string cell, int width) =>
        string.Join('\n', cell.Split('\n').SelectMany(line => Lines(line, width)));

    /// <summary>Width of a table with columns of the given widths.</summary>
    internal static int TableWidth(IEnumerable<int> columns) => 1 + columns.Sum(column => column + Frame);

    /// <summary>
    /// Shortens the words of a title that are wider than its table at the start: a path keeps its name.
    /// </summary>
    internal static string Title(string title, int width) => string.Join(
        ' ', title.Split(' ').Select(word => word.Length <= width ? word : $"…{word[^(width - 1)..]}"));

    /// <summary>Breaks a key into lines of at most <paramref name="width"/> without shortening it.</summary>
    internal static string Fold(string key, int width) =>
        string.Join('\n', key.Chunk(width).Select(part => new string(part)));

    private static IEnumerable<string> Lines(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' ').Select(word => Shorten(word, width)))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        yield return line;
    }

    private static string Shorten(string word, int width)
    {
        int end = (width - 1) / 2;
        return word.Length <= width ? word : $"{word[..(width - 1 - end)]}…{word[^end..]}";
    }
}
