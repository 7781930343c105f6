using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Times the kernels of each layer by running the network: pass after pass with other kernels, each layer timed at its place, so that
/// caches hold what they will hold later. The least time of a few passes counts, since a shared machine only ever adds to it.
/// </summary>
internal sealed class KernelTiming(LayerGraph graph, StepLibrary steps, int batch, Tensor? typical) : IKernelCosts
{
    /// <summary>What moving a float costs where no pass had to move the value.</summary>
    private const double SecondsToMove = 1e-9;

    /// <summary>What a kernel that leaves out zeros is thought to take beyond its time: dense ones are never given up for nothing.</summary>
    private const double ClearWin = 1.06;

    /// <summary>Time that is enough for the passes of one choice.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(60);

    private readonly Dictionary<(string Layer, string Kernel), double> _seconds = [];
    private readonly Dictionary<(int Value, ValueLayout From, ValueLayout To), double> _moves = [];

    /// <inheritdoc/>
    /// <remarks>What never ran, as a change of shape alone, costs nothing.</remarks>
    public double Of(Layer layer, Candidate candidate) =>
        candidate.Growth * candidate.ShareOfNoise * (candidate.LeavesOutZeros ? ClearWin : 1) * _seconds.GetValueOrDefault((layer.Name, candidate.Kernel));

    public double OfMoving(int value, ValueLayout from, ValueLayout to) => _moves.TryGetValue((value, from, to), out double seconds)
        ? seconds
        : SecondsToMove * LayerGraph.Count(graph.Values[value], batch);

    /// <summary>Runs the network with every kernel there is: first those on pixels, then those on planes.</summary>
    internal void Measure()
    {
        foreach (bool prefersPlanes in new[] { false, true })
        {
            int most = 1;
            for (int turn = 0; turn < most; turn++)
            {
                bool isNew = false;
                ExecutionPlan plan = PlanBuilder.Build(graph, steps, batch, (layer, candidates) =>
                {
                    Candidate[] wanted = [.. candidates.Where(candidate => candidate.IsWorthTrying && candidate.Reads.Kind == LayoutKind.Planes == prefersPlanes)];
                    most = Math.Max(most, wanted.Length);
                    Candidate chosen = wanted.Length > 0 ? wanted[turn % wanted.Length] : candidates[0];
                    isNew |= !_seconds.ContainsKey((layer.Name, chosen.Kernel));
                    return chosen;
                });
                if (isNew)
                {
                    Passes(plan);
                }
            }
        }
    }

    private void Passes(ExecutionPlan plan)
    {
        double[] seconds = PlanTiming.Measure(plan, batch, Enough, typical);
        foreach ((int i, PlannedStep step) in plan.Steps.Index())
        {
            if (step.Layer is { } layer)
            {
                (string, string) key = (layer.Name, step.Step.Kernel);
                _seconds[key] = Math.Min(seconds[i], _seconds.GetValueOrDefault(key, double.MaxValue));
            }
            else
            {
                (int, ValueLayout, ValueLayout) key = (step.MovedValue, step.Step.Reads, step.Step.Writes);
                _moves[key] = Math.Min(seconds[i], _moves.GetValueOrDefault(key, double.MaxValue));
            }
        }
    }
}
