namespace Temper.Inference;

/// <summary>
/// Times the kernels of each layer by running the network with one kernel after the other, each layer timed at its
/// place, so that caches hold what they will hold later. The plans take turns, and layers that are equal share their
/// times.
/// </summary>
/// <remarks>
/// The least time counts, since a shared machine only ever adds to it. But a kernel whose estimate is far behind the
/// best has to be fast in even and in odd rounds: more likely than a surprise is that the others were disturbed.
/// </remarks>
internal sealed class KernelTiming(LayerGraph graph, StepLibrary steps, int batch, CompileOptions options)
    : IKernelCosts
{
    /// <summary>What moving a float costs where no pass had to move the value.</summary>
    private const double SecondsToMove = 1e-9;

    /// <summary>
    /// What a kernel that leaves out zeros is thought to take beyond its time: dense ones are never given up for
    /// nothing.
    /// </summary>
    private const double ClearWin = 1.06;

    /// <summary>Estimates above that of the best, from which on winning is a surprise.</summary>
    private const double FarBehind = 1.5;

    private readonly Dictionary<TimingKey, double[]> _seconds = [];
    private readonly Dictionary<(string Layer, string Kernel), TimingKey> _keys = [];
    private readonly Dictionary<(ValueShape Value, ValueLayout From, ValueLayout To), double> _moves = [];
    private readonly Dictionary<string, double> _minEstimates = graph.Layers.ToDictionary(
        layer => layer.Name, layer => graph.CandidatesOf(layer, batch)
            .Where(candidate => candidate.IsWorthTrying).Min(candidate => candidate.Cost), StringComparer.Ordinal);

    /// <inheritdoc/>
    /// <remarks>What never ran, as a change of shape alone, costs nothing.</remarks>
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

    /// <summary>Runs the network with every kernel there is: those on pixels and those on planes.</summary>
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

    /// <summary>Plans in which each kernel of each layer, or of one that is equal, occurs.</summary>
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
