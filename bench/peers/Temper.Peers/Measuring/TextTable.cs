namespace Temper.Peers.Measuring;

/// <summary>A Markdown table whose rows appear as they are measured.</summary>
internal sealed class TextTable
{
    private readonly int[] _widths;

    /// <summary>Prints the head.</summary>
    /// <param name="columns">Titles; the first column is written to the left, the others to the right.</param>
    public TextTable(params string[] columns)
    {
        _widths = [.. columns.Select((title, i) => Math.Max(title.Length, i == 0 ? 28 : 9))];
        Row(columns);
        Console.WriteLine($"|{string.Join('|', _widths.Select((width, i) => i == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":"))}|");
    }

    /// <summary>Prints a row.</summary>
    public void Row(params string[] cells)
    {
        IEnumerable<string> padded = cells.Select(
            (cell, i) => i == 0 ? cell.PadRight(_widths[i]) : cell.PadLeft(_widths[i]));
        Console.WriteLine($"| {string.Join(" | ", padded)} |");
    }

    /// <summary>The mean for ratios.</summary>
    public static double GeometricMean(IReadOnlyCollection<double> ratios) =>
        Math.Exp(ratios.Sum(Math.Log) / ratios.Count);
}
