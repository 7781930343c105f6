using System.Collections.Concurrent;

namespace Temper.Inference;

/// <summary>
/// Plans a network for the classes of batch sizes that are used: the kernels, and whether a batch runs whole or in
/// parts.
/// </summary>
/// <remarks>
/// Classes are planned one at a time, because another planner would disturb the timings and could release packed
/// weights that are being timed.
/// </remarks>
internal sealed class BatchPlanner(LayerGraph graph, CompileOptions options)
{
    private readonly Lock _planning = new();
    private readonly StepLibrary _steps = new();
    private readonly ConcurrentDictionary<int, BatchPlan> _plans = new();

    /// <summary>Kernels and steps by class, including classes that are only compared.</summary>
    private readonly Dictionary<int, IReadOnlyDictionary<string, string>> _kernels = [];
    private readonly Dictionary<int, ExecutionPlan> _stepPlans = [];

    /// <summary>For batch-invariant networks, the class whose kernels all other classes use.</summary>
    private readonly int _onlyBatch = BatchClass.Of(options.BatchSizes.FirstOrDefault(1));

    internal LayerGraph Graph => graph;

    /// <summary>Number of packed steps (layer and kernel) currently kept.</summary>
    internal int StepCount => _steps.Count;

    /// <summary>Selects the kernels in place of timings and estimates; null: not used.</summary>
    internal Func<Layer, IReadOnlyList<Candidate>, Candidate>? Choose { get; init; }

    /// <summary>Number of samples per part if <see cref="Choose"/> is set; 0: batches run whole.</summary>
    internal int PartSize { get; init; }

    /// <summary>Returns the plan for a batch; it is created on first use.</summary>
    internal BatchPlan PlanFor(int batch)
    {
        int size = BatchClass.Of(batch);
        return _plans.TryGetValue(size, out BatchPlan? plan) ? plan : Plan(size);
    }

    /// <summary>Returns the kernels chosen so far.</summary>
    internal KernelPlan ChosenKernels()
    {
        lock (_planning)
        {
            return new KernelPlan(
                KernelPlan.ThisCpu,
                _stepPlans.Keys.Select(size => (Size: size, Of: IsOfOther(size) ? _onlyBatch : size))
                    .Where(pair => _kernels.ContainsKey(pair.Of))
                    .ToDictionary(pair => pair.Size, pair => _kernels[pair.Of]),
                _plans.ToDictionary(pair => pair.Key, pair => pair.Value.PartSize));
        }
    }

    private BatchPlan Plan(int batch)
    {
        lock (_planning)
        {
            if (!_plans.TryGetValue(batch, out BatchPlan? plan))
            {
                int part = PartSizeFor(batch);
                plan = _plans[batch] = new BatchPlan(StepsFor(part > 0 ? part : batch), part);
                Forget(_plans.Values.Select(made => made.Steps).ToHashSet());
            }

            return plan;
        }
    }

    /// <summary>
    /// Removes all step plans except the given ones, and the packed weights that only the removed ones use.
    /// </summary>
    private void Forget(HashSet<ExecutionPlan> allBut)
    {
        foreach (int size in _stepPlans.Where(pair => !allBut.Contains(pair.Value)).Select(pair => pair.Key).ToArray())
        {
            _stepPlans.Remove(size);
        }

        _steps.KeepOnly(allBut.SelectMany(plan => plan.Steps).Select(step => step.Step).ToHashSet());
    }

    private int PartSizeFor(int batch)
    {
        if (!BatchPlan.CanBeParted(graph))
        {
            return 0;
        }

        if (Choose is not null)
        {
            return PartSize < batch ? PartSize : 0;
        }

        return options.Plan?.PartSizeOf(batch)
            ?? (options.TimesKernels ? MeasuredPartSize(batch) : BatchPlan.EstimatedPartSize(batch));
    }

    /// <summary>
    /// Tries smaller and smaller parts as long as that is faster. The best size so far is timed again next to each new
    /// one.
    /// </summary>
    private int MeasuredPartSize(int batch)
    {
        // Uses the largest batch of the class: its parts are distributed least evenly over the threads.
        int max = BatchClass.LargestOf(batch);
        double Seconds(int part) =>
            PlanTiming.Measure(new BatchPlan(StepsFor(part > 0 ? part : batch), part), max, options.TypicalInput);
        (double Seconds, int Size) best = (Seconds(0), 0);
        foreach (int size in BatchPlan.PartSizes(batch))
        {
            double seconds = Seconds(size);
            if (seconds > best.Seconds || seconds > Seconds(best.Size))
            {
                break;
            }

            best = (seconds, size);
        }

        return best.Size;
    }

    private ExecutionPlan StepsFor(int batch)
    {
        if (!_stepPlans.TryGetValue(batch, out ExecutionPlan? plan))
        {
            plan = _stepPlans[batch] = IsOfOther(batch)
                ? StepsFor(_onlyBatch)
                : PlanBuilder.Build(graph, _steps, batch, Choose ?? PlanBuilder.Named(KernelsFor(batch)));
        }

        return plan;
    }

    /// <summary>Whether a class uses the kernels of another class.</summary>
    private bool IsOfOther(int batch) => graph.IsBatchInvariant && batch != _onlyBatch;

    private IReadOnlyDictionary<string, string> KernelsFor(int batch)
    {
        if (!_kernels.TryGetValue(batch, out IReadOnlyDictionary<string, string>? kernels))
        {
            kernels = _kernels[batch] = options.Plan?.For(graph, batch) ?? Cheapest(batch);
        }

        return kernels;
    }

    /// <summary>Returns the kernels with the lowest total cost, by timing or by estimate.</summary>
    private IReadOnlyDictionary<string, string> Cheapest(int batch)
    {
        if (!options.TimesKernels)
        {
            return KernelSelection.Find(graph, new EstimatedCosts(graph, batch), batch);
        }

        var timing = new KernelTiming(graph, _steps, batch, options);
        timing.Measure();
        return PlanContest.Winner(graph, _steps, batch, options, KernelSelection.Find(graph, timing, batch));
    }
}
