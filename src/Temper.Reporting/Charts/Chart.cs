using System.Text.Json.Serialization;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Charts;

/// <summary>
/// A chart that is drawn as SVG. Its colors come from the style sheet of the page, light or dark.
/// </summary>
/// <remarks>
/// String properties with a default treat null as the default, because the generated JSON reader sets missing
/// properties to null.
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(LineChart), "line")]
[JsonDerivedType(typeof(BarChart), "bar")]
[JsonDerivedType(typeof(ConfusionChart), "confusion")]
public abstract record Chart
{
    private protected Chart()
    {
    }

    /// <summary>Width of the drawing in SVG units; the drawing is scaled to the page.</summary>
    private protected const double Width = 640;

    /// <summary>Number of different colors; further series reuse them, and their lines are dashed.</summary>
    private protected const int Colors = 6;

    private const double LegendLine = 16;

    /// <summary>Title of the chart.</summary>
    public required string Title { get; init; }

    /// <summary>Draws the chart.</summary>
    /// <returns>One <c>svg</c> element.</returns>
    public abstract string ToSvg();

    /// <summary>
    /// Returns why the chart cannot be drawn, for example because lists differ in length; null if it can be drawn.
    /// </summary>
    internal abstract string? Problem();

    private protected Markup Frame(double height, double width = Width)
    {
        Markup svg = new Markup().Open(
            "svg", ("viewBox", FormattableString.Invariant($"0 0 {width} {height}")), ("role", "img"),
            ("class", "chart"));
        return svg.Leaf("title", Title);
    }

    /// <summary>
    /// Opens the drawing with a legend of as many lines as it needs, and a group for everything else, which is moved
    /// down by the lines of the legend after the first.
    /// </summary>
    private protected Markup FrameWithLegend(
        double height, IEnumerable<string> names, (double X, double Y) at, bool isOfLines)
    {
        (string Name, double X, int Line)[] places = [.. Placed(names, at.X)];
        double moved = places.Length == 0 ? 0 : places[^1].Line * LegendLine;
        Markup svg = Frame(height + moved);
        for (int i = 0; i < places.Length; i++)
        {
            (string name, double x, int line) = places[i];
            double y = at.Y + (line * LegendLine);
            Key(svg, x, y, i, isOfLines);
            Label(svg, name, x + 15, y, "legend");
        }

        return svg.Open("g", ("transform", moved > 0 ? FormattableString.Invariant($"translate(0 {moved})") : null));
    }

    private protected static string Color(int index) => $"c{(index % Colors) + 1}";

    /// <summary>The dashes of a line; null for the first lines, which differ in color.</summary>
    private protected static string? Dashes(int index) => (index / Colors) switch { 0 => null, 1 => "7 5", _ => "1 5" };

    private protected static void Label(Markup svg, string text, double x, double y, string kind) =>
        svg.Leaf("text", text, ("x", x), ("y", y), ("class", kind));

    private protected static void NoData(Markup svg, double x, double y) => Label(svg, "no data", x, y, "note");

    /// <summary>Places the names of a legend from left to right; one that does not fit begins the next line.</summary>
    private static IEnumerable<(string Name, double X, int Line)> Placed(IEnumerable<string> names, double x)
    {
        const double LetterWidth = 6.6, Gap = 26;
        (double next, int line) = (x, 0);
        foreach (string name in names)
        {
            double width = 15 + (name.Length * LetterWidth);
            (next, line) = next > x && next + width > Width ? (x, line + 1) : (next, line);
            yield return (name, next, line);
            next += width + Gap;
        }
    }

    /// <summary>Draws the key of a name: a colored square, or a piece of the line if it is dashed.</summary>
    private static void Key(Markup svg, double x, double y, int index, bool isOfLines)
    {
        if (isOfLines && Dashes(index) is { } dashes)
        {
            svg.Empty(
                "line", ("x1", x - 2), ("x2", x + 12), ("y1", y - 4), ("y2", y - 4), ("class", $"line {Color(index)}"),
                ("stroke-dasharray", dashes));
            return;
        }

        svg.Empty(
            "rect", ("x", x), ("y", y - 9), ("width", 10.0), ("height", 10.0), ("rx", 2.0),
            ("class", $"fill {Color(index)}"));
    }
}
