namespace Temper.Inference;

/// <summary>
/// Compares the kernels that were chosen layer by layer with simpler choices, by timing whole networks in turns. A
/// choice whose layers were timed well can still lose as a whole, and one that was timed badly must not win.
/// </summary>
internal static class PlanContest
{
    /// <summary>Seconds of a pass above which short disturbances no longer matter.</summary>
    private const double LongPass = 0.05;

    /// <summary>Maximum fraction of the chosen plan's time at which a simpler choice replaces it.</summary>
    private const double ClearWin = 0.97;

    /// <summary>
    /// Returns the fastest of the chosen kernels, the kernels selected by estimates, and the direct kernels.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> Winner(
        LayerGraph graph, StepLibrary steps, int batch, CompileOptions options,
        IReadOnlyDictionary<string, string> chosen)
    {
        IReadOnlyDictionary<string, string>[] choices =
        [
            chosen,
            .. new[] { KernelSelection.Find(graph, new EstimatedCosts(graph, batch), batch), Direct(graph, batch) }
                .Where(choice =>
                    choice.Any(layer => !string.Equals(layer.Value, chosen[layer.Key], StringComparison.Ordinal))),
        ];
        if (choices.Length == 1)
        {
            return chosen;
        }

        var plans = new List<TimedPlan>();
        try
        {
            foreach (IReadOnlyDictionary<string, string> choice in choices)
            {
                plans.Add(new TimedPlan(PlanBuilder.Build(graph, steps, batch, choice), batch, options.TypicalInput));
                plans[^1].RunFor(TimeSpan.Zero);
                if (plans[0].Total > LongPass)
                {
                    return chosen;
                }
            }

            return choices[Winner(plans, options.TimingShare)];
        }
        finally
        {
            plans.ForEach(plan => plan.Dispose());
        }
    }

    /// <summary>
    /// Returns the index of the first plan, or of another one that is clearly faster in both even and odd rounds. A
    /// plan's time is the sum of the minimum times of its steps.
    /// </summary>
    private static int Winner(List<TimedPlan> plans, double share)
    {
        double[][][] steps = [.. plans.Select(plan => (double[][])[Never(plan), Never(plan)])];
        PlanTurns.Run(plans, share, (plan, round) =>
        {
            double[] min = steps[plans.IndexOf(plan)][round % 2];
            for (int i = 0; i < min.Length; i++)
            {
                min[i] = Math.Min(min[i], plan.Seconds[i]);
            }
        });
        double[] even = [.. steps.Select(halves => halves[0].Sum())],
            odd = [.. steps.Select(halves => halves[1].Sum())];
        int best = Enumerable.Range(1, plans.Count - 1).MinBy(i => even[i] + odd[i]);
        return even[best] < ClearWin * even[0] && odd[best] < ClearWin * odd[0] ? best : 0;
    }

    private static double[] Never(TimedPlan plan) => [.. plan.Steps.Select(_ => double.MaxValue)];

    /// <summary>Dense kernels on pixels, without transforms.</summary>
    private static Dictionary<string, string> Direct(LayerGraph graph, int batch) => graph.Layers.ToDictionary(
        layer => layer.Name,
        layer =>
        {
            IReadOnlyList<Candidate> candidates = graph.CandidatesOf(layer, batch);
            string direct = KernelNames.Of(Kernels.ConvolutionMethod.Direct);
            return (candidates.FirstOrDefault(candidate =>
                string.Equals(candidate.Kernel, direct, StringComparison.Ordinal)) ?? candidates[0]).Kernel;
        },
        StringComparer.Ordinal);
}
