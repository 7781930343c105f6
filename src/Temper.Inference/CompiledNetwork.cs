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
    private readonly ConcurrentDictionary<int, Lazy<ExecutionPlan>> _plans = new();
    private readonly ConcurrentDictionary<int, IReadOnlyDictionary<string, string>> _kernels = new();
    private readonly CompileOptions _options;
    private bool _isDisposed;

    private CompiledNetwork(Network network, CompileOptions options)
    {
        (Network, _options) = (network, options);
        _graph = Lowering.Lower(network);
    }

    /// <summary>The network as it was given.</summary>
    public Network Network { get; }

    internal LayerGraph Graph => _graph;

    private Func<Layer, IReadOnlyList<Candidate>, Candidate>? Choose { get; init; }

    /// <summary>Compiles a network.</summary>
    /// <param name="network">The network; it is not changed, and what becomes of it afterwards does not matter.</param>
    /// <param name="options">For which batch sizes; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A batch size is not positive.</exception>
    /// <exception cref="ArgumentException">The plan is another processor's or another network's.</exception>
    public static CompiledNetwork Compile(Network network, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        options ??= new CompileOptions();
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

    /// <summary>Compiles with kernels that the caller chooses, for every batch.</summary>
    internal static CompiledNetwork Compile(Network network, Func<Layer, IReadOnlyList<Candidate>, Candidate> choose) =>
        new(network, new CompileOptions()) { Choose = choose };

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
        ExecutionPlan plan = PlanFor(batch);
        return PlanReport.Of(_graph, plan, batch, time > TimeSpan.Zero ? PlanTiming.Measure(plan, batch, time) : null);
    }

    /// <summary>The kernels chosen so far, to be kept for <see cref="CompileOptions.Plan"/>.</summary>
    public KernelPlan ChosenKernels() => new(KernelPlan.ThisCpu, new Dictionary<int, IReadOnlyDictionary<string, string>>(_kernels));

    /// <summary>Ends it: no session can be made any more. Those that exist go on.</summary>
    public void Dispose() => _isDisposed = true;

    /// <summary>The plan for a batch; made when it is first needed.</summary>
    internal ExecutionPlan PlanFor(int batch)
    {
        int size = BatchClass.Of(batch);
        return (_plans.TryGetValue(size, out Lazy<ExecutionPlan>? plan) ? plan : AddPlan(size)).Value;
    }

    private Lazy<ExecutionPlan> AddPlan(int batch) => _plans.GetOrAdd(batch, size => new Lazy<ExecutionPlan>(() => Plan(size)));

    private ExecutionPlan Plan(int batch)
    {
        if (Choose is not null)
        {
            return PlanBuilder.Build(_graph, _steps, batch, Choose);
        }

        IReadOnlyDictionary<string, string> kernels = _kernels[batch] = _options.Plan?.For(_graph, batch) ?? Measured(batch);
        ExecutionPlan plan = PlanBuilder.Build(_graph, _steps, batch, (layer, candidates) =>
            candidates.First(candidate => string.Equals(candidate.Kernel, kernels[layer.Name], StringComparison.Ordinal)));
        IEnumerable<ExecutionPlan> plans = _plans.Values.Where(other => other.IsValueCreated).Select(other => other.Value).Append(plan);
        _steps.KeepOnly(plans.SelectMany(made => made.Steps).Select(step => step.Step).ToHashSet());
        return plan;
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
