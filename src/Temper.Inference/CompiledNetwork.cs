using System.Collections.Concurrent;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// A network made ready to run on this processor: normalizations folded, layers fused, weights packed, memory planned. It does not
/// change, and threads share it; each runs it through a session of its own.
/// </summary>
/// <remarks>Results are those of <see cref="Network.Forward(Tensors.Tensor)"/> in evaluation up to rounding, and the same bytes for any number of threads.</remarks>
/// <example><code>
/// using CompiledNetwork fast = CompiledNetwork.Compile(network);
/// using InferenceSession session = fast.CreateSession();
/// session.Run(pixels, logits);
/// </code></example>
public sealed class CompiledNetwork : IDisposable
{
    private readonly LayerGraph _graph;
    private readonly StepLibrary _steps = new();
    private readonly ConcurrentDictionary<int, Lazy<BatchPlan>> _plans = new();
    private readonly ConcurrentDictionary<int, Lazy<ExecutionPlan>> _stepPlans = new();
    private readonly ConcurrentDictionary<int, IReadOnlyDictionary<string, string>> _kernels = new();
    private readonly CompileOptions _options;
    private readonly Lock _planning = new();

    /// <summary>Plans of steps that batches run by.</summary>
    private readonly HashSet<ExecutionPlan> _used = [];
    private bool _isDisposed;

    private CompiledNetwork(Network network, CompileOptions options, bool isChosen = false)
    {
        (Network, _options) = (network, options);
        _graph = Lowering.Lower(network, findsActiveChannels: options.TypicalInput is not null || options.Plan is not null || isChosen);
    }

    /// <summary>The network as it was given.</summary>
    public Network Network { get; }

    internal LayerGraph Graph => _graph;

    private Func<Layer, IReadOnlyList<Candidate>, Candidate>? Choose { get; init; }

    private int PartSize { get; init; }

    /// <summary>Compiles a network.</summary>
    /// <param name="network">The network; it is not changed, and what becomes of it afterwards does not matter.</param>
    /// <param name="options">For which batch sizes; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A batch size is not positive.</exception>
    /// <exception cref="ArgumentException">The plan is another processor's or another network's.</exception>
    public static CompiledNetwork Compile(Network network, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        options ??= new CompileOptions();
        if (options.TypicalInput is { Count: 0 })
        {
            throw new ArgumentException("CompiledNetwork.Compile: the typical input has no samples (got 0, expected one or more); leave it out to time on noise");
        }

        if (options.Plan is { } plan && !string.Equals(plan.Cpu, KernelPlan.ThisCpu, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"CompiledNetwork.Compile: the plan is of another processor (got {plan.Cpu}, expected {KernelPlan.ThisCpu}); compile without it and keep the new one");
        }

        var compiled = new CompiledNetwork(network, options);
        foreach (int batch in options.BatchSizes)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
            compiled.PlanFor(batch);
        }

        return compiled;
    }

    /// <summary>Compiles with kernels that the caller chooses, for every batch, whole or in parts.</summary>
    internal static CompiledNetwork Compile(Network network, Func<Layer, IReadOnlyList<Candidate>, Candidate> choose, int partSize = 0) =>
        new(network, new CompileOptions(), isChosen: true) { Choose = choose, PartSize = partSize };

    /// <summary>A session: what one thread needs to run the network.</summary>
    /// <param name="threads">Threads that work on a run, the calling one included; null: the pool that the calling thread uses, which threads share.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of threads is not positive.</exception>
    public InferenceSession CreateSession(int? threads = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new InferenceSession(this, threads);
    }

    /// <summary>How it runs a batch: layer by layer the kernel and the memory order, and what each step takes on this machine.</summary>
    /// <param name="batch">Samples, one or more.</param>
    /// <param name="time">For how long to measure, about; zero: not at all.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive.</exception>
    public InferencePlan Explain(int batch = 1, TimeSpan time = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        BatchPlan plan = PlanFor(batch);
        return PlanReport.Of(_graph, plan, batch, time);
    }

    /// <summary>The kernels chosen so far, to be kept for <see cref="CompileOptions.Plan"/>.</summary>
    public KernelPlan ChosenKernels() => new(
        KernelPlan.ThisCpu,
        Made.Select(pair => pair.Value.PartSize > 0 ? pair.Value.PartSize : pair.Key).Distinct().Where(_kernels.ContainsKey).ToDictionary(size => size, size => _kernels[size]),
        Made.ToDictionary(pair => pair.Key, pair => pair.Value.PartSize));

    private IEnumerable<KeyValuePair<int, BatchPlan>> Made =>
        _plans.Where(pair => pair.Value.IsValueCreated).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value));

    /// <summary>Ends it: no session can be made any more. Those that exist go on.</summary>
    public void Dispose() => _isDisposed = true;

    /// <summary>The plan for a batch; made when it is first needed.</summary>
    internal BatchPlan PlanFor(int batch)
    {
        int size = BatchClass.Of(batch);
        return (_plans.TryGetValue(size, out Lazy<BatchPlan>? plan) ? plan : AddPlan(size)).Value;
    }

    private Lazy<BatchPlan> AddPlan(int batch) => _plans.GetOrAdd(batch, size => new Lazy<BatchPlan>(() => Plan(size)));

    private ExecutionPlan StepsFor(int batch) => _stepPlans.GetOrAdd(batch, size => new Lazy<ExecutionPlan>(() => PlanSteps(size))).Value;

    /// <summary>One at a time: while one is timed no other may take its threads, or forget what it has packed.</summary>
    private BatchPlan Plan(int batch)
    {
        lock (_planning)
        {
            int part = PartSizeFor(batch);
            var plan = new BatchPlan(StepsFor(part > 0 ? part : batch), part);
            _used.Add(plan.Steps);
            Forget();
            return plan;
        }
    }

    /// <summary>Forgets all plans of steps that were only timed, and the packed weights that none of the others needs.</summary>
    private void Forget()
    {
        foreach (KeyValuePair<int, Lazy<ExecutionPlan>> pair in _stepPlans.Where(pair => pair.Value.IsValueCreated && !_used.Contains(pair.Value.Value)))
        {
            _stepPlans.TryRemove(pair);
        }

        _steps.KeepOnly(_used.SelectMany(plan => plan.Steps).Select(step => step.Step).ToHashSet());
    }

    private int PartSizeFor(int batch)
    {
        if (!BatchPlan.CanBeParted(_graph))
        {
            return 0;
        }

        if (Choose is not null)
        {
            return PartSize < batch ? PartSize : 0;
        }

        return _options.Plan?.PartSizeOf(batch) ?? (_options.TimesKernels ? MeasuredPartSize(batch) : BatchPlan.EstimatedPartSize(batch));
    }

    /// <summary>Smaller and smaller parts as long as that makes it faster.</summary>
    private int MeasuredPartSize(int batch)
    {
        // With the largest batch of the class, whose parts are dealt to threads least evenly.
        int most = BatchClass.Of(2 * batch) == batch ? batch : (2 * batch) - 1;
        (double Seconds, int Size) best = (PlanTiming.Measure(new BatchPlan(StepsFor(batch), 0), most, _options.TypicalInput), 0);
        foreach (int size in BatchPlan.PartSizes(batch))
        {
            double seconds = PlanTiming.Measure(new BatchPlan(StepsFor(size), size), most, _options.TypicalInput);
            if (seconds > best.Seconds)
            {
                break;
            }

            best = (seconds, size);
        }

        return best.Size;
    }

    private ExecutionPlan PlanSteps(int batch)
    {
        if (Choose is not null)
        {
            return PlanBuilder.Build(_graph, _steps, batch, Choose);
        }

        IReadOnlyDictionary<string, string> kernels = _kernels.GetOrAdd(batch, size => _options.Plan?.For(_graph, size) ?? Measured(size));
        return PlanBuilder.Build(_graph, _steps, batch, (layer, candidates) =>
            candidates.First(candidate => string.Equals(candidate.Kernel, kernels[layer.Name], StringComparison.Ordinal)));
    }

    /// <summary>The kernels that cost least, by time or by estimate.</summary>
    private IReadOnlyDictionary<string, string> Measured(int batch)
    {
        IKernelCosts costs = new EstimatedCosts(_graph, batch);
        if (_options.TimesKernels)
        {
            var timing = new KernelTiming(_graph, _steps, batch, _options.TypicalInput);
            timing.Measure();
            costs = timing;
        }

        return KernelChoice.Find(_graph, costs, batch);
    }

    /// <summary>How many packed forms of layers it keeps.</summary>
    internal int StepCount => _steps.Count;
}
