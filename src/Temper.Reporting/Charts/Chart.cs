using System.Text.Json.Serialization;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Charts;

/// <summary>
/// A picture of numbers as SVG text. Colors are those of the page around it (its style sheet), light or dark.
/// </summary>
/// <remarks>
/// Texts with a default take it also where a file lacks them: the generated reader sets what is missing to null.
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

    /// <summary>Width of the drawing in its own units; it is scaled to the page.</summary>
    private protected const double Width = 640;

    /// <summary>How many colors there are before they start again.</summary>
    private protected const int Colors = 6;

    /// <summary>What it shows, as a heading.</summary>
    public required string Title { get; init; }

    /// <summary>The drawing.</summary>
    /// <returns>One <c>svg</c> element.</returns>
    public abstract string ToSvg();

    /// <summary>
    /// What keeps the chart from being drawn, for example lists that do not match; null if nothing does.
    /// </summary>
    internal abstract string? Problem();

    private protected Markup Frame(double height)
    {
        Markup svg = new Markup().Open(
            "svg", ("viewBox", FormattableString.Invariant($"0 0 {Width} {height}")), ("role", "img"),
            ("class", "chart"));
        return svg.Leaf("title", Title);
    }

    private protected static string Color(int index) => $"c{(index % Colors) + 1}";

    private protected static void Label(Markup svg, string text, double x, double y, string kind) =>
        svg.Leaf("text", text, ("x", x), ("y", y), ("class", kind));

    /// <summary>Names beside squares of color, from the left.</summary>
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
