namespace Temper.Peers.Measuring;

/// <summary>A Markdown table that prints each row as soon as it is measured.</summary>
internal sealed class TextTable
{
    private readonly int[] _widths;

    /// <summary>Prints the header.</summary>
    /// <param name="columns">Titles. The first column is left-aligned, the others are right-aligned.</param>
    public TextTable(params string[] columns)
    {
        _widths = [.. columns.Select((title, i) => Math.Max(title.Length, i == 0 ? 28 : 9))];
        Row(columns);
        IEnumerable<string> rules = _widths.Select(
            (width, i) => i == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":");
        Console.WriteLine($"|{string.Join('|', rules)}|");
    }

    /// <summary>Prints a row.</summary>
    public void Row(params string[] cells)
    {
        IEnumerable<string> padded = cells.Select(
            (cell, i) => i == 0 ? cell.PadRight(_widths[i]) : cell.PadLeft(_widths[i]));
        Console.WriteLine($"| {string.Join(" | ", padded)} |");
    }

    /// <summary>Returns the geometric mean, which is the appropriate mean of ratios.</summary>
    public static double GeometricMean(IReadOnlyCollection<double> ratios) =>
        Math.Exp(ratios.Sum(Math.Log) / ratios.Count);
}
