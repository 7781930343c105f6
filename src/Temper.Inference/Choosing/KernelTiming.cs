namespace Temper.Inference;

/// <summary>
/// Times the kernels of each layer by running the whole network with one kernel after another. Each layer is timed in
/// its position in the network, so that the caches hold what they hold in a real run. The plans are timed in turns, and
/// equal layers share their timings.
/// </summary>
/// <remarks>
/// The minimum time counts, because other load on a shared machine can only add time. A kernel whose estimate is much
/// worse than the best one must be fast in both even and odd rounds: a disturbance of the other kernels is more likely
/// than an unexpectedly fast kernel.
/// </remarks>
internal sealed class KernelTiming(LayerGraph graph, StepLibrary steps, int batch, CompileOptions options)
    : IKernelCosts
{
    /// <summary>Assumed seconds per float of a layout change that was never timed.</summary>
    private const double SecondsToMove = 1e-9;

    /// <summary>
    /// Factor on the time of a kernel that skips zeros, so that it replaces a dense kernel only if it is clearly
    /// faster.
    /// </summary>
    private const double ClearWin = 1.06;

    /// <summary>Ratio to the best estimate above which a win counts as unexpected.</summary>
    private const double FarBehind = 1.5;

    private readonly Dictionary<TimingKey, double[]> _seconds = [];
    private readonly Dictionary<(string Layer, string Kernel), TimingKey> _keys = [];
    private readonly Dictionary<(ValueShape Value, ValueLayout From, ValueLayout To), double> _moves = [];
    private readonly Dictionary<string, double> _minEstimates = graph.Layers.ToDictionary(
        layer => layer.Name, layer => graph.CandidatesOf(layer, batch)
            .Where(candidate => candidate.IsWorthTrying).Min(candidate => candidate.Cost), StringComparer.Ordinal);

    /// <inheritdoc/>
    /// <remarks>A layer that is never run, such as a reshape, costs nothing.</remarks>
    public double Of(Layer layer, Candidate candidate)
    {
        if (!_seconds.TryGetValue(KeyOf(layer, candidate.Kernel, candidate.LeavesOutZeros), out double[]? rounds))
        {
            return 0;
        }

        bool isSurprise = candidate.Cost > FarBehind * _minEstimates[layer.Name];
        double seconds = isSurprise ? Math.Max(rounds[0], rounds[1]) : Math.Min(rounds[0], rounds[1]);
        return candidate.Growth * candidate.ShareOfNoise * (candidate.LeavesOutZeros ? ClearWin : 1) * seconds;
    }

    public double OfMoving(int value, ValueLayout from, ValueLayout to) =>
        _moves.TryGetValue((ValueShape.Of(graph.Values[value]), from, to), out double seconds)
        ? seconds
        : SecondsToMove * LayerGraph.Count(graph.Values[value], batch);

    /// <summary>Times every kernel, first those on pixels, then those on planes.</summary>
    internal void Measure()
    {
        var plans = new List<TimedPlan>();
        try
        {
            plans.AddRange(Plans().Select(plan => new TimedPlan(plan, batch, options.TypicalInput)));
            PlanTurns.Run(plans, options.TimingShare, Record);
        }
        finally
        {
            plans.ForEach(plan => plan.Dispose());
        }
    }

    /// <summary>Returns plans that together contain each kernel of each layer, or of an equal layer.</summary>
    private IEnumerable<ExecutionPlan> Plans()
    {
        foreach (bool prefersPlanes in new[] { false, true })
        {
            int max = 1;
            for (int turn = 0; turn < max; turn++)
            {
                bool isNew = false;
                ExecutionPlan plan = PlanBuilder.Build(graph, steps, batch, (layer, candidates) =>
                {
                    Candidate[] wanted = [.. candidates.Where(candidate => candidate.IsWorthTrying
                        && candidate.Reads.Kind == LayoutKind.Planes == prefersPlanes)];
                    max = Math.Max(max, wanted.Length);
                    Candidate chosen = wanted.Length > 0 ? wanted[turn % wanted.Length] : candidates[0];
                    isNew |= _seconds.TryAdd(
                        KeyOf(layer, chosen.Kernel, chosen.LeavesOutZeros), [double.MaxValue, double.MaxValue]);
                    return chosen;
                });
                if (isNew)
                {
                    yield return plan;
                }
            }
        }
    }

    private TimingKey KeyOf(Layer layer, string kernel, bool leavesOutZeros)
    {
        if (!_keys.TryGetValue((layer.Name, kernel), out TimingKey? key))
        {
            key = _keys[(layer.Name, kernel)] = TimingKey.Of(graph, layer, kernel, leavesOutZeros);
        }

        return key;
    }

    private void Record(TimedPlan plan, int round)
    {
        foreach ((int i, PlannedStep step) in plan.Steps.Index())
        {
            double seconds = plan.Seconds[i];
            if (step.Layer is { } layer)
            {
                ref double min = ref _seconds[KeyOf(layer, step.Step.Kernel, step.LeavesOutZeros)][round % 2];
                min = Math.Min(min, seconds);
            }
            else if (step.MovedValue >= 0)
            {
                (ValueShape, ValueLayout, ValueLayout) key =
                    (ValueShape.Of(graph.Values[step.MovedValue]), step.Step.Reads, step.Step.Writes);
                _moves[key] = Math.Min(seconds, _moves.GetValueOrDefault(key, double.MaxValue));
            }
        }
    }
}
