using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// A network made ready to run on this processor: normalizations folded, layers fused, weights packed, memory planned.
/// It does not change, and threads share it; each runs it through a session of its own.
/// </summary>
/// <remarks>
/// Results are those of <see cref="Network.Forward(Tensors.Tensor)"/> in evaluation up to rounding, and the same bytes
/// for any number of threads.
/// </remarks>
/// <example><code>
/// using CompiledNetwork fast = CompiledNetwork.Compile(network);
/// using InferenceSession session = fast.CreateSession();
/// session.Run(pixels, logits);
/// </code></example>
public sealed class CompiledNetwork : IDisposable
{
    private readonly BatchPlanner _planner;
    private bool _isDisposed;

    private CompiledNetwork(Network network, BatchPlanner planner) => (Network, _planner) = (network, planner);

    /// <summary>The network as it was given.</summary>
    public Network Network { get; }

    internal LayerGraph Graph => _planner.Graph;

    /// <summary>How many packed forms of layers it keeps.</summary>
    internal int StepCount => _planner.StepCount;

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
            throw new ArgumentException("CompiledNetwork.Compile: the typical input has no samples (got 0, expected "
                + "one or more); leave it out to time on noise");
        }

        if (options.Plan is { } plan && !string.Equals(plan.Cpu, KernelPlan.ThisCpu, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"CompiledNetwork.Compile: the plan is of another processor (got {plan.Cpu}, expected "
                + $"{KernelPlan.ThisCpu}); compile without it and keep the new one");
        }

        LayerGraph graph = KnownDensities.In(Lowering.Lower(network, options.BatchInvariant), network, options);
        var compiled = new CompiledNetwork(network, new BatchPlanner(graph, options));
        foreach (int batch in options.BatchSizes)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
            compiled.PlanFor(batch);
        }

        return compiled;
    }

    /// <summary>Compiles with kernels that the caller chooses, for every batch, whole or in parts.</summary>
    internal static CompiledNetwork Compile(
        Network network, Func<Layer, IReadOnlyList<Candidate>, Candidate> choose, int partSize = 0,
        CompileOptions? options = null) =>
        new(network, new BatchPlanner(
            Lowering.Lower(network, options?.BatchInvariant ?? false),
            options ?? new CompileOptions()) { Choose = choose, PartSize = partSize });

    /// <summary>A session: what one thread needs to run the network.</summary>
    /// <param name="threads">
    /// Threads that work on a run, the calling one included; null: the pool that the calling thread uses, which threads
    /// share.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The number of threads is not positive.</exception>
    public InferenceSession CreateSession(int? threads = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new InferenceSession(this, threads);
    }

    /// <summary>
    /// How it runs a batch: layer by layer the kernel and the layout, and what each step takes on this machine.
    /// </summary>
    /// <param name="batch">Samples, one or more.</param>
    /// <param name="time">For how long to measure, about; zero: not at all.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive.</exception>
    public InferencePlan Explain(int batch = 1, TimeSpan time = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        return PlanReport.Of(Graph, PlanFor(batch), batch, time);
    }

    /// <summary>The kernels chosen so far, to be kept for <see cref="CompileOptions.Plan"/>.</summary>
    public KernelPlan ChosenKernels() => _planner.ChosenKernels();

    /// <summary>Ends it: no session can be made any more. Those that exist go on.</summary>
    public void Dispose() => _isDisposed = true;

    /// <summary>The plan for a batch; made when it is first needed.</summary>
    internal BatchPlan PlanFor(int batch) => _planner.PlanFor(batch);
}
