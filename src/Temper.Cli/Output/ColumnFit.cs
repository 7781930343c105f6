namespace Temper.Cli.Output;

/// <summary>One column of a table of text.</summary>
/// <param name="Head">Its title.</param>
/// <param name="IsNumber">True if it is shown whole or not at all: half a number is a wrong one.</param>
internal sealed record TableHead(string Head, bool IsNumber)
{
    /// <summary>The narrowest that a column of words is made before another column goes.</summary>
    private const int MinWords = 8;

    /// <summary>Width of the longest line of a cell.</summary>
    internal static int Width(string cell) => cell.Split('\n').Max(line => line.Length);

    /// <summary>Width that shows every cell whole.</summary>
    internal int Natural(IEnumerable<string> cells) => cells.Select(Width).Append(Head.Length).Max();

    /// <summary>Width below which the column is left out.</summary>
    internal int Min(int natural) => IsNumber ? natural : Math.Min(natural, Math.Max(MinWords, Head.Length));
}

/// <summary>
/// Which columns of a table fit a terminal, and how wide each may be. The first column, the key, always stays and is
/// never shortened; a column of numbers is whole or left out; a column of words is wrapped or shortened.
/// </summary>
/// <param name="Shown">Columns that are shown, with the width of each.</param>
/// <param name="LeftOut">Columns that are not.</param>
internal sealed record ColumnFit(IReadOnlyList<(int Column, int Width)> Shown, IReadOnlyList<int> LeftOut)
{
    /// <summary>What a column takes besides its text: a border and a space on both sides.</summary>
    private const int Frame = 3;

    internal static ColumnFit Of(IReadOnlyList<TableHead> heads, IReadOnlyList<string[]> rows, int width)
    {
        int[] natural = [.. heads.Select((head, column) => head.Natural(rows.Select(row => row[column])))];
        // a longer key goes on in the next line
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

    /// <summary>Gives the space that is left to the narrowest columns that lack some.</summary>
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
    /// A cell in lines of at most <paramref name="width"/>: broken between words; a longer word loses its middle.
    /// </summary>
    internal static string Wrap(string cell, int width) =>
        string.Join('\n', cell.Split('\n').SelectMany(line => Lines(line, width)));

    /// <summary>A key in lines of at most <paramref name="width"/>, nothing of it lost.</summary>
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
