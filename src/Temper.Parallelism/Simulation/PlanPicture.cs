using System.Globalization;
using Temper.Parallelism.Planning;
using Temper.Reporting.Documents;

namespace Temper.Parallelism.Simulation;

/// <summary>
/// Draws a plan as an SVG image: a column per layer and a row per level, colored by split. Below are the bytes of each
/// layer and between layers, and a timeline of when accelerators compute and data move during a step.
/// </summary>
public static class PlanPicture
{
    private const double Left = 90, Top = 64, Column = 58, Row = 26, BarHeight = 14;
    private static readonly string[] Colors = ["#dbe9f6", "#f4a261", "#8ab17d", "#b39ddb"];
    private static readonly string[] Splits =
    [
        "samples", "kernel by input channels", "kernel by output channels", "rows of the image",
    ];

    /// <summary>Draws a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="step">A simulated step of it.</param>
    /// <returns>The text of an SVG file.</returns>
    public static string Draw(PlanResult plan, SimulatedStep step)
    {
        RankPlan ranks = plan.Plan;
        double width = Math.Max(640, Left + (Column * ranks.Layers.Count) + 40),
            grid = Top + (Row * ranks.Levels.Count), height = grid + 170;
        Markup svg = new Markup().Open(
            "svg", ("xmlns", "http://www.w3.org/2000/svg"), ("viewBox", Invariant($"0 0 {width} {height}")),
            ("role", "img"), ("font-family", "sans-serif"), ("font-size", 11));
        string title = $"{ranks.Network}: {ranks.Accelerators} accelerators, batch {ranks.Batch}, "
            + $"{Bytes(plan.Bytes.Plan)} per step";
        svg.Leaf("title", title).Empty("rect", ("width", width), ("height", height), ("fill", "white"));
        svg.Leaf("text", title, ("x", 12), ("y", 20), ("font-size", 14));
        Legend(svg, plan);
        Grid(svg, ranks);
        Volumes(svg, plan, grid);
        Timeline(svg, step, (width, grid + 92));
        return svg.Close().ToString();
    }

    private static void Legend(Markup svg, PlanResult plan)
    {
        double x = 12;
        foreach (char digit in plan.Plan.Levels.SelectMany(level => level).Distinct().Order())
        {
            svg.Empty("rect", ("x", x), ("y", 30), ("width", 10), ("height", 10), ("fill", Colors[digit - '0']));
            svg.Leaf("text", Splits[digit - '0'], ("x", x + 15), ("y", 39));
            x += 30 + (6.2 * Splits[digit - '0'].Length);
        }
    }

    private static void Grid(Markup svg, RankPlan plan)
    {
        for (int layer = 0; layer < plan.Layers.Count; layer++)
        {
            svg.Leaf(
                "text", Short(plan.Layers[layer]), ("x", Left + (Column * layer) + 4), ("y", Top - 6),
                ("font-size", 9));
        }

        for (int level = 0; level < plan.Levels.Count; level++)
        {
            double y = Top + (Row * level);
            svg.Leaf("text", $"level {level + 1}", ("x", 12), ("y", y + 16));
            for (int layer = 0; layer < plan.Layers.Count; layer++)
            {
                char digit = plan.Levels[level][layer];
                svg.Empty(
                    "rect", ("x", Left + (Column * layer)), ("y", y), ("width", Column - 4), ("height", Row - 4),
                    ("fill", Colors[digit - '0']), ("stroke", "#888"));
                svg.Leaf("text", $"{digit}", ("x", Left + (Column * layer) + 22), ("y", y + 15));
            }
        }
    }

    /// <summary>
    /// Writes below each layer the bytes of its gradients and outputs, and between layers the bytes that move to
    /// another split.
    /// </summary>
    private static void Volumes(Markup svg, PlanResult plan, double y)
    {
        PlannedNetwork network = plan.Cost.Network;
        for (int i = 0; i < network.Weighted.Count; i++)
        {
            int layer = network.Weighted[i], pattern = plan.Patterns[layer];
            double between = network.Edges.Where(edge => edge.From == layer)
                .Sum(edge => plan.Cost.Edge(edge, pattern, plan.Patterns[edge.To]));
            double x = Left + (Column * i);
            svg.Leaf(
                "text", Bytes(plan.Cost.LayerBytes(layer, pattern)), ("x", x + 2), ("y", y + 14), ("font-size", 8.5));
            if (between > 0)
            {
                svg.Empty(
                    "line", ("x1", x + (Column / 2)), ("y1", y + 22), ("x2", x + (Column * 1.5)), ("y2", y + 22),
                    ("stroke", "#c0392b"), ("stroke-width", 1.5));
                svg.Leaf(
                    "text", Bytes(between), ("x", x + (Column * 0.7)), ("y", y + 33), ("font-size", 8.5),
                    ("fill", "#c0392b"));
            }
        }

        svg.Leaf("text", "in a layer", ("x", 12), ("y", y + 14), ("font-size", 9))
            .Leaf("text", "to next layer", ("x", 12), ("y", y + 30), ("font-size", 9));
    }

    private static void Timeline(Markup svg, SimulatedStep step, (double Width, double Y) at)
    {
        double scale = step.Seconds > 0 ? (at.Width - Left - 30) / step.Seconds : 0;
        svg.Leaf("text", $"one step: {Seconds(step.Seconds)}, computing {Seconds(step.ComputeSeconds)}, moving data "
            + $"{Seconds(step.CommunicationSeconds)}", ("x", 12), ("y", at.Y - 12));
        foreach ((string name, bool moves) in new[] { ("computing", false), ("data", true) })
        {
            double y = at.Y + (moves ? BarHeight + 8 : 0);
            svg.Leaf("text", name, ("x", 12), ("y", y + 11));
            foreach (StepSegment segment in step.Segments.Where(segment => segment.IsCommunication == moves))
            {
                svg.Open(
                    "rect", ("x", Left + (scale * segment.Start)), ("y", y),
                    ("width", Math.Max(scale * (segment.End - segment.Start), 0.3)), ("height", BarHeight),
                    ("fill", moves ? "#c0392b" : "#2a6f97"), ("stroke", "white"), ("stroke-width", 0.3)).Leaf("title",
                    $"{segment.Name}: {Seconds(segment.End - segment.Start)}").Close();
            }
        }
    }

    private static string Short(string name) => name.Length <= 10 ? name : $"{name[..4]}..{name[^4..]}";

    private static string Bytes(double bytes) => bytes >= 1e9
        ? Invariant($"{bytes / 1e9:G3} GB")
        : bytes >= 1e6
        ? Invariant($"{bytes / 1e6:F1} MB")
        : Invariant($"{bytes / 1e3:F1} kB");

    private static string Seconds(double seconds) =>
        seconds >= 1 ? Invariant($"{seconds:F2} s") : Invariant($"{seconds * 1e3:G3} ms");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
