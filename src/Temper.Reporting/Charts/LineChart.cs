using System.Globalization;
using System.Text;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Charts;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Points">Points from left to right; values that are not finite interrupt the line.</param>
public sealed record ChartLine(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>A point of a line.</summary>
/// <param name="X">Horizontal value.</param>
/// <param name="Y">Vertical value; the line is interrupted if it is not finite.</param>
public readonly record struct ChartPoint(double X, double Y)
{
    internal bool IsFinite => double.IsFinite(X) && double.IsFinite(Y);
}

/// <summary>A line chart.</summary>
public sealed record LineChart : Chart
{
    private const double Height = 300, Left = 58, Right = 16, Top = 40, Bottom = 46;

    /// <summary>Label of the horizontal axis.</summary>
    public string XLabel { get; init => field = value ?? ""; } = "";

    /// <summary>Label of the vertical axis.</summary>
    public string YLabel { get; init => field = value ?? ""; } = "";

    /// <summary>Whether the horizontal values are integers, such as epochs.</summary>
    public bool HasWholeX { get; init; }

    /// <summary>The lines.</summary>
    public required IReadOnlyList<ChartLine> Lines { get; init; }

    /// <inheritdoc/>
    public override string ToSvg()
    {
        Axis x = Axis.Over(Lines.SelectMany(line => line.Points.Select(point => point.X)), isRounded: false, HasWholeX);
        Axis y = Axis.Over(Lines.SelectMany(line => line.Points.Select(point => point.Y)), isRounded: true);
        Markup svg = FrameWithLegend(Height, Lines.Select(line => line.Name), (Left, 18), isOfLines: true);
        Grid(svg, x, y);
        for (int i = 0; i < Lines.Count; i++)
        {
            Line(svg, i, x, y);
        }

        if (!Lines.Any(line => line.Points.Any(point => point.IsFinite)))
        {
            NoData(svg, (Left + Width - Right) / 2, (Top + Height - Bottom) / 2);
        }

        return svg.Close().Close().ToString();
    }

    internal override string? Problem() =>
        Lines.All(line => line is { Name: not null, Points: not null }) ? null : "a line needs a name and points";

    private static (double X, double Y) Place(ChartPoint point, Axis x, Axis y) =>
        (x.Place(point.X, Left, Width - Right), y.Place(point.Y, Height - Bottom, Top));

    private void Grid(Markup svg, Axis x, Axis y)
    {
        foreach (double tick in y.Ticks)
        {
            double position = y.Place(tick, Height - Bottom, Top);
            svg.Empty(
                "line", ("x1", Left), ("x2", Width - Right), ("y1", position), ("y2", position), ("class", "grid"));
            Label(svg, y.Label(tick), Left - 8, position + 4, "tick end");
        }

        foreach (double tick in x.Ticks)
        {
            double position = x.Place(tick, Left, Width - Right);
            svg.Empty(
                "line", ("x1", position), ("x2", position), ("y1", Height - Bottom), ("y2", Height - Bottom + 4),
                ("class", "axis"));
            Label(svg, x.Label(tick), position, Height - Bottom + 18, "tick middle");
        }

        svg.Empty(
            "line", ("x1", Left), ("x2", Width - Right), ("y1", Height - Bottom), ("y2", Height - Bottom),
            ("class", "axis"));
        Label(svg, XLabel, (Left + Width - Right) / 2, Height - 8, "label middle");
        svg.Leaf(
            "text", YLabel, ("class", "label middle"),
            ("transform", FormattableString.Invariant($"translate(14 {(Top + Height - Bottom) / 2}) rotate(-90)")));
    }

    private void Line(Markup svg, int index, Axis x, Axis y)
    {
        (ChartLine line, string color) = (Lines[index], Color(index));
        var path = new StringBuilder();
        bool isBroken = true;
        foreach (ChartPoint point in line.Points)
        {
            if (point.IsFinite)
            {
                (double px, double py) = Place(point, x, y);
                path.Append(CultureInfo.InvariantCulture, $"{(isBroken ? 'M' : 'L')}{px:0.##} {py:0.##}");
            }

            isBroken = !point.IsFinite;
        }

        if (path.Length > 0)
        {
            svg.Empty("path", ("d", path.ToString()), ("class", $"line {color}"), ("stroke-dasharray", Dashes(index)));
            Dots(svg, line.Points, color, x, y);
            ChartPoint last = line.Points.Last(point => point.IsFinite);
            (double cx, double cy) = Place(last, x, y);
            svg.Open("circle", ("cx", cx), ("cy", cy), ("r", 3.5), ("class", $"fill {color}"))
                .Leaf("title", FormattableString.Invariant($"{line.Name}: {last.Y:G5} at {last.X:G5}")).Close();
        }
    }

    /// <summary>
    /// Draws the points with no finite neighbor, which no line reaches. The last finite point has its own mark.
    /// </summary>
    private static void Dots(Markup svg, IReadOnlyList<ChartPoint> points, string color, Axis x, Axis y)
    {
        int before = -2;                                                   // index of the previous finite point
        bool isAlone = false;
        for (int i = 0; i < points.Count; i++)
        {
            if (!points[i].IsFinite)
            {
                continue;
            }

            if (isAlone && before < i - 1)
            {
                (double cx, double cy) = Place(points[before], x, y);
                svg.Empty("circle", ("cx", cx), ("cy", cy), ("r", 2.2), ("class", $"fill {color}"));
            }

            (isAlone, before) = (before < i - 1, i);
        }
    }
}
