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

    /// <summary>Number of different colors; further series reuse them.</summary>
    private protected const int Colors = 6;

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

    private protected static string Color(int index) => $"c{(index % Colors) + 1}";

    private protected static void Label(Markup svg, string text, double x, double y, string kind) =>
        svg.Leaf("text", text, ("x", x), ("y", y), ("class", kind));

    /// <summary>Draws a legend: names next to colored squares, from left to right.</summary>
    private protected static void Legend(Markup svg, IEnumerable<string> names, double x, double y)
    {
        const double LetterWidth = 6.6, Gap = 26;
        int index = 0;
        foreach (string name in names)
        {
            svg.Empty(
                "rect", ("x", x), ("y", y - 9), ("width", 10.0), ("height", 10.0), ("rx", 2.0),
                ("class", $"fill {Color(index++)}"));
            Label(svg, name, x + 15, y, "legend");
            x += 15 + (name.Length * LetterWidth) + Gap;
        }
    }

    private protected static void NoData(Markup svg, double x, double y) => Label(svg, "no data", x, y, "note");
}
