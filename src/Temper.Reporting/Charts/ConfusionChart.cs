using Temper.Reporting.Documents;

namespace Temper.Reporting.Charts;

/// <summary>
/// A confusion matrix: rows are actual classes, columns predicted classes. With other labels, counts of another
/// relation between two classes.
/// </summary>
public sealed record ConfusionChart : Chart
{
    private const string Actual = "actual", Predicted = "predicted";

    private const double LetterWidth = 6.3, Top = 96, Bottom = 30;

    /// <summary>Least width of a cell, and the least height in which a number can be read.</summary>
    private const double MinCell = 4, MinNumbered = 12;

    /// <summary>Longer names are shortened; the titles of the cells have them in full.</summary>
    private const int MaxLetters = 24;

    /// <summary>
    /// With more classes, only cells with samples are drawn: the number of cells grows with the square.
    /// </summary>
    private const int MaxFilled = 100;

    /// <summary>Names of the classes.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>What the class of a row is. Default: actual.</summary>
    public string RowLabel { get; init => field = value ?? Actual; } = Actual;

    /// <summary>What the class of a column is. Default: predicted.</summary>
    public string ColumnLabel { get; init => field = value ?? Predicted; } = Predicted;

    /// <summary>
    /// Number of samples by actual class and predicted class, in row-major order of <see cref="Classes"/>.
    /// </summary>
    public required IReadOnlyList<long> Counts { get; init; }

    private bool IsOfPredictions => RowLabel is Actual && ColumnLabel is Predicted;

    internal override string? Problem()
    {
        long expected = (long)Classes.Count * Classes.Count;
        return Counts.Count != expected || Classes.Any(name => name is null)
            ? $"the number of counts is wrong for {Classes.Count} classes (expected {expected}, got {Counts.Count})"
            : Counts.Any(count => count < 0)
            ? $"a count is negative (got {Counts.Min()}, expected 0 or more)"
            : Counts.Sum(count => (decimal)count) > long.MaxValue
            ? $"the counts are too large (expected a sum of at most {long.MaxValue})"
            : null;
    }

    /// <inheritdoc/>
    public override string ToSvg()
    {
        double longest = Classes.Select(name => Short(name).Length).DefaultIfEmpty().Max() * LetterWidth;

        // Column names are rotated and extend to the right of the last column.
        double left = 40 + longest, right = 12 + (longest * 0.6);
        double cell = Math.Max((Width - left - right) / Math.Max(Classes.Count, 1), MinCell), tall = Math.Min(cell, 34);
        double height = Top + (tall * Math.Max(Classes.Count, 1)) + Bottom;
        Markup svg = Frame(height, Math.Max(Width, Math.Ceiling(left + (cell * Classes.Count) + right)));
        for (int row = 0; row < Classes.Count; row++)
        {
            long total = Enumerable.Range(0, Classes.Count).Sum(column => Count(row, column));
            double y = Top + (row * tall);
            Label(svg, Short(Classes[row]), left - 8, y + (tall / 2) + 4, "tick end");
            svg.Leaf(
                "text", Short(Classes[row]), ("class", "tick"), ("transform", FormattableString.Invariant(
                    $"translate({left + ((row + 0.5) * cell) + 3:0.##} {Top - 8}) rotate(-40)")));
            for (int column = 0; column < Classes.Count; column++)
            {
                if (Classes.Count <= MaxFilled || Count(row, column) > 0)
                {
                    Cell(svg, (row, column, total), (left + (column * cell), y, cell, tall));
                }
            }
        }

        Label(svg, ColumnLabel, left, 16, "label");
        svg.Leaf("text", RowLabel, ("class", "label middle"), ("transform", FormattableString.Invariant(
            $"translate(14 {(Top + height - Bottom) / 2:0.##}) rotate(-90)")));
        string meaning = IsOfPredictions ? "; correct in blue, wrong in red" : "";
        Label(svg, $"Color: fraction of the row{meaning}", left, height - 8, "note-left");
        return svg.Close().ToString();
    }

    private static string Short(string name) => name.Length <= MaxLetters ? name : $"{name[..(MaxLetters - 1)]}…";

    private string Pair(string row, string column) =>
        IsOfPredictions ? $"{row} predicted as {column}" : $"{RowLabel} {row}, {ColumnLabel} {column}";

    private long Count(int row, int column) => Counts[(row * Classes.Count) + column];

    private void Cell(
        Markup svg, (int Row, int Column, long Total) at, (double X, double Y, double Width, double Height) box)
    {
        long count = Count(at.Row, at.Column);
        double share = at.Total == 0 ? 0 : (double)count / at.Total;
        bool isRight = at.Row == at.Column;

        // Errors are often a few percent; the square root makes them visible.
        double strength = isRight ? share : Math.Sqrt(share);
        svg.Open(
            "rect", ("x", box.X + 1), ("y", box.Y + 1), ("width", box.Width - 2), ("height", box.Height - 2),
            ("rx", 3.0),
            ("class", isRight ? "fill c1" : "fill c2"), ("fill-opacity", Math.Max(strength, 0.04)))
            .Leaf("title", FormattableString.Invariant(
                $"{Pair(Classes[at.Row], Classes[at.Column])}: {count} of {at.Total} ({share:P1})")).Close();
        if (count > 0 && box.Height >= MinNumbered)
        {
            Label(svg, $"{count}", box.X + (box.Width / 2), box.Y + (box.Height / 2) + 4, strength > 0.55
                ? "value middle on"
                : "value middle");
        }
    }
}
