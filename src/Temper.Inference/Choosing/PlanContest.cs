using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Holds the kernels that were chosen layer by layer against simpler choices, whole networks in turns: a choice whose parts were timed well
/// may still lose as a whole, and one that was timed badly must not win.
/// </summary>
internal static class PlanContest
{
    /// <summary>Seconds of a pass from which on no short disturbance decides.</summary>
    private const double LongPass = 0.05;

    /// <summary>What a simpler choice must be faster by.</summary>
    private const double ClearWin = 0.97;

    /// <summary>The fastest of the chosen kernels, those that estimates choose, and direct ones.</summary>
    internal static IReadOnlyDictionary<string, string> Winner(
        LayerGraph graph, StepLibrary steps, int batch, Tensor? typical, IReadOnlyDictionary<string, string> chosen)
    {
        IReadOnlyDictionary<string, string>[] choices = [chosen, KernelChoice.Find(graph, new EstimatedCosts(graph, batch), batch), Direct(graph, batch)];
        var plans = new List<TimedPlan>();
        try
        {
            foreach (IReadOnlyDictionary<string, string> choice in choices)
            {
                plans.Add(new TimedPlan(PlanBuilder.Build(graph, steps, batch, choice), batch, typical));
                plans[^1].RunFor(TimeSpan.Zero);
                if (plans[0].Total > LongPass)
                {
                    return chosen;
                }
            }

            double[] seconds = [double.MaxValue, double.MaxValue, double.MaxValue];
            PlanTurns.Run(plans, (plan, _) =>
            {
                int i = plans.IndexOf(plan);
                seconds[i] = Math.Min(seconds[i], plan.Total);
            });
            int best = seconds[2] < seconds[1] ? 2 : 1;
            return seconds[best] < ClearWin * seconds[0] ? choices[best] : chosen;
        }
        finally
        {
            plans.ForEach(plan => plan.Dispose());
        }
    }

    /// <summary>Dense kernels without transforms, on pixels.</summary>
    private static Dictionary<string, string> Direct(LayerGraph graph, int batch) => graph.Layers.ToDictionary(
        layer => layer.Name,
        layer =>
        {
            IReadOnlyList<Candidate> candidates = graph.CandidatesOf(layer, batch);
            string direct = KernelNames.Of(Kernels.ConvolutionMethod.Direct);
            return (candidates.FirstOrDefault(candidate => string.Equals(candidate.Kernel, direct, StringComparison.Ordinal)) ?? candidates[0]).Kernel;
        },
        StringComparer.Ordinal);
}
