using System.Text.RegularExpressions;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Charts;

/// <summary>A series of bars in one color.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Values">One value per label of the chart, 0 or more; a value that is not finite has no bar.</param>
public sealed record ChartBars(string Name, IReadOnlyList<double> Values);

/// <summary>A horizontal bar chart, grouped by label, with the values written next to the bars.</summary>
public sealed partial record BarChart : Chart
{
    private const double LetterWidth = 6.7, Bar = 15, GroupGap = 12, Top = 36, Bottom = 26, Right = 84;

    /// <summary>Names of the groups, from top to bottom.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The series; each group has one bar per series.</summary>
    public required IReadOnlyList<ChartBars> Bars { get; init; }

    /// <summary>Label of the value axis.</summary>
    public string ValueLabel { get; init => field = value ?? ""; } = "";

    /// <summary>
    /// .NET number format of the values next to the bars, such as <c>G4</c>, <c>F2</c> or <c>0.##</c>. Default G4.
    /// </summary>
    public string ValueFormat { get; init => field = value ?? "G4"; } = "G4";

    /// <summary>Value at the full width of the chart; null: the largest value.</summary>
    public double? Maximum { get; init; }

    internal override string? Problem()
    {
        if (!Labels.All(label => label is not null) || !Bars.All(bars => bars is { Name: not null, Values: not null }))
        {
            return "labels and bars need names and values";
        }

        ChartBars? other = Bars.FirstOrDefault(bars => bars.Values.Count != Labels.Count);
        return other is not null
            ? $"'{other.Name}' has {other.Values.Count} values (expected {Labels.Count}, one per label)"
            : NumberFormat().IsMatch(ValueFormat) ? null
            : $"'{ValueFormat}' is not a number format (expected for example G4, F2 or 0.##)";
    }

    /// <inheritdoc/>
    public override string ToSvg()
    {
        double group = (Bar * Math.Max(Bars.Count, 1)) + GroupGap;
        double height = Top + (group * Math.Max(Labels.Count, 1)) + Bottom;
        double left =
            Math.Clamp(16 + (Labels.Select(label => label.Length).DefaultIfEmpty().Max() * LetterWidth), 60, Width / 2);
        double largest = Maximum ?? Bars.SelectMany(bars => bars.Values).Where(double.IsFinite).DefaultIfEmpty().Max();
        Markup svg = FrameWithLegend(height, Bars.Select(bars => bars.Name), (left, 16), isOfLines: false);
        for (int i = 0; i < Labels.Count; i++)
        {
            double y = Top + (i * group);
            Label(svg, Labels[i], left - 10, y + ((group - GroupGap) / 2) + 4, "tick end");
            for (int j = 0; j < Bars.Count; j++)
            {
                Draw(
                    svg, i < Bars[j].Values.Count ? Bars[j].Values[i] : double.NaN,
                    (left, y + (j * Bar), largest, Color(j)));
            }
        }

        svg.Empty("line", ("x1", left), ("x2", left), ("y1", Top - 6), ("y2", height - Bottom), ("class", "axis"));
        Label(svg, ValueLabel, (left + Width - Right) / 2, height - 8, "label middle");
        if (Labels.Count == 0)
        {
            NoData(svg, (left + Width) / 2, Top + 12);
        }

        return svg.Close().Close().ToString();
    }

    private void Draw(Markup svg, double value, (double X, double Y, double Largest, string Color) bar)
    {
        if (!double.IsFinite(value))
        {
            Label(svg, "–", bar.X + 6, bar.Y + 11, "value");
            return;
        }

        double length = bar.Largest > 0 ? Math.Clamp(value / bar.Largest, 0, 1) * (Width - Right - bar.X) : 0;
        svg.Empty(
            "rect", ("x", bar.X), ("y", bar.Y), ("width", length), ("height", Bar - 2), ("rx", 2.0),
            ("class", $"fill {bar.Color}"));
        Label(
            svg, value.ToString(ValueFormat, System.Globalization.CultureInfo.InvariantCulture), bar.X + length + 6,
            bar.Y + 11, "value");
    }

    /// <summary>
    /// Allowed number formats. Digits are limited, so that a file cannot request texts of any length.
    /// </summary>
    [GeneratedRegex(
        @"^([GFNEPgfnep]\d?|[0#][0#,]{0,8}(\.[0#]{1,8})?)$", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex NumberFormat();
}
