using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>
/// Figures 9 and 10 of the paper: all plans for some layers and levels of a network, with HyPar's plan for the rest.
/// </summary>
internal static class PaperSweeps
{
    /// <summary>
    /// Lenet-c: varies the splits of all layers at the first and last level; the levels between are fixed.
    /// </summary>
    internal static IEnumerable<PaperRow> Figure9()
    {
        PlanResult plan = Planner.Plan(PaperNetworks.Create("lenet-c"), new PlanOptions());
        IEnumerable<string[]> plans = Enumerable.Range(0, 256).Select(number =>
            (string[])[Bits(number / 16), plan.Plan.Levels[1], plan.Plan.Levels[2], Bits(number % 16)]);
        (double best, string at) = Best(plan, plans, levels => $"{levels[0]} {levels[3]}");
        yield return Text("Figure 9", "lenet-c: best splits at levels 1 and 4", at, "0011 0011");
        yield return PaperTables.Row(
            "Figure 9", "lenet-c: speed of these splits over data parallelism", best, 3.05, 0.03);
    }

    /// <summary>VGG-A: varies the splits of conv5_2 and fc1 at all levels.</summary>
    internal static IEnumerable<PaperRow> Figure10()
    {
        const int Conv = 7, Fc = 8;
        PlanResult plan = Planner.Plan(PaperNetworks.Create("vgg-a"), new PlanOptions());
        IEnumerable<string[]> plans = Enumerable.Range(0, 256).Select(number => (string[])
        [
            .. plan.Plan.Levels.Select((level, i) =>
                $"{level[..Conv]}{Bits(number / 16)[i]}{Bits(number % 16)[i]}{level[(Fc + 1)..]}"),
        ]);
        (double best, string at) = Best(plan, plans, levels => Columns(levels, Conv, Fc));
        yield return Text(
            "Figure 10", "vgg-a: HyPar's splits of conv5_2 and fc1", Columns(plan.Plan.Levels, Conv, Fc), "0001 1111");
        yield return PaperTables.Row(
            "Figure 10", "vgg-a: speed of HyPar's splits over data parallelism", Speed(plan, plan.Bytes.Plan), 4.97,
            0.02);
        yield return Text("Figure 10", "vgg-a: best splits of conv5_2 and fc1", at, "1000 1111");
        yield return PaperTables.Row(
            "Figure 10", "vgg-a: speed of the best splits over data parallelism", best, 5.05, 0.01);
    }

    /// <summary>
    /// Returns a single layer of VGG-E as in Figure 13, with the image size before pooling: only that size gives the
    /// paper's plans.
    /// </summary>
    internal static PlannedNetwork OneLayer(string layer) => layer is "conv5"
        ? PlannedNetwork.Chain(layer, new PlannedLayer
        {
            Name = layer,
            IsConvolution = true,
            Weights = 512L * 512 * 9,
            Outputs = 512 * 14 * 14,
            Macs = 512L * 512 * 9 * 14 * 14,
            InChannels = 512,
            OutChannels = 512,
        })
        : PlannedNetwork.Chain(layer, new PlannedLayer
        {
            Name = layer,
            Weights = 4096 * 1000,
            Outputs = 1000,
            Macs = 4096 * 1000,
            InChannels = 4096,
            OutChannels = 1000,
        });

    private static (double Speed, string At) Best(
        PlanResult plan, IEnumerable<string[]> tried, Func<string[], string> name)
    {
        (double best, string at) = (0, "");
        foreach (string[] levels in tried)
        {
            int[] patterns = (plan.Plan with { Levels = levels }).Patterns(plan.Cost);
            double speed = Speed(plan, JointSearch.Total(plan.Cost, patterns, patterns));
            (best, at) = speed > best ? (speed, name(levels)) : (best, at);
        }

        return (best, at);
    }

    private static double Speed(PlanResult plan, double bytes) =>
        PaperTables.Seconds(plan, plan.Bytes.Data) / PaperTables.Seconds(plan, bytes);

    private static PaperRow Text(string figure, string what, string ours, string paper) => new(
        figure, what, ours, paper,
        string.Equals(ours, paper, StringComparison.Ordinal) ? PaperStatus.Reproduced : PaperStatus.Missed);

    private static string Columns(IReadOnlyList<string> levels, int first, int second) =>
        $"{string.Concat(levels.Select(level => level[first]))} {string.Concat(levels.Select(level => level[second]))}";

    private static string Bits(int number) => Convert.ToString(number, 2).PadLeft(4, '0');
}
