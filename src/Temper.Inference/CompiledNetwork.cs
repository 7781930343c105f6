using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A network compiled for this processor: normalizations folded, layers fused, weights packed, memory planned. It is
/// immutable and thread-safe; each thread runs it through its own session.
/// </summary>
/// <remarks>
/// Results equal those of <see cref="Network.Forward(Tensors.Tensor)"/> in evaluation mode up to rounding. They are the
/// same bytes for any number of threads.
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

    /// <summary>The original network; a copy of it if it was in training when it was compiled.</summary>
    public Network Network { get; }

    internal LayerGraph Graph => _planner.Graph;

    /// <summary>Number of packed steps (layer and kernel) currently kept.</summary>
    internal int StepCount => _planner.StepCount;

    /// <summary>Compiles a network.</summary>
    /// <param name="network">The network; it is not changed, and later changes to it have no effect.</param>
    /// <param name="options">Options; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A batch size is less than 1.</exception>
    /// <exception cref="ArgumentException">
    /// The kernel plan is for another processor or network, the typical input has no samples, or an expected density is
    /// invalid.
    /// </exception>
    public static CompiledNetwork Compile(Network network, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        options ??= new CompileOptions();
        if (options.TypicalInput is { Count: 0 })
        {
            throw new ArgumentException("CompiledNetwork.Compile: the typical input has no samples (got 0, expected "
                + "1 or more); omit it to time on noise");
        }

        if (options.Plan is { } plan && !string.Equals(plan.Cpu, KernelPlan.ThisCpu, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"CompiledNetwork.Compile: the plan is for another processor (got {plan.Cpu}, expected "
                + $"{KernelPlan.ThisCpu}); compile without it and save the new plan");
        }

        network = Unchanging(network);
        LayerGraph graph = KnownDensities.In(Lowering.Lower(network, options.BatchInvariant), network, options);
        var compiled = new CompiledNetwork(network, new BatchPlanner(graph, options));
        foreach (int batch in options.BatchSizes)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
            compiled.PlanFor(batch);
        }

        return compiled;
    }

    /// <summary>
    /// Compiles with kernels that the caller chooses for every batch. Batches run in parts of <paramref
    /// name="partSize"/> samples, or whole if it is 0.
    /// </summary>
    internal static CompiledNetwork Compile(
        Network network, Func<Layer, IReadOnlyList<Candidate>, Candidate> choose, int partSize = 0,
        CompileOptions? options = null) =>
        new(network, new BatchPlanner(
            Lowering.Lower(network, options?.BatchInvariant ?? false),
            options ?? new CompileOptions()) { Choose = choose, PartSize = partSize });

    /// <summary>Creates a session, which one thread needs to run the network.</summary>
    /// <param name="threads">
    /// Number of threads per run, including the calling thread, as for <see cref="Kernels.WorkerPool"/>; null: the
    /// current worker pool of the calling thread, which several threads can share.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The number of threads is less than 1, or more than <see cref="Kernels.WorkerPool"/> allows.
    /// </exception>
    public InferenceSession CreateSession(int? threads = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new InferenceSession(this, threads);
    }

    /// <summary>
    /// Describes how a batch is run: the kernel and the layout of each step and, if measured, its time on this machine.
    /// </summary>
    /// <param name="batch">Number of samples, 1 or more.</param>
    /// <param name="time">Approximate duration of the measurement; zero: no measurement.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is less than 1.</exception>
    public InferencePlan Explain(int batch = 1, TimeSpan time = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        return PlanReport.Of(Graph, PlanFor(batch), batch, time);
    }

    /// <summary>Returns the kernels chosen so far, to be saved and used as <see cref="CompileOptions.Plan"/>.</summary>
    public KernelPlan ChosenKernels() => _planner.ChosenKernels();

    /// <summary>Prevents the creation of further sessions. Existing sessions continue to work.</summary>
    public void Dispose() => _isDisposed = true;

    /// <summary>Returns the plan for a batch; it is created on first use.</summary>
    internal BatchPlan PlanFor(int batch) => _planner.PlanFor(batch);

    /// <summary>
    /// Returns a copy of a network that is in training. Weights are packed on the first use of a batch size, when the
    /// training may have changed them.
    /// </summary>
    private static Network Unchanging(Network network)
    {
        static bool IsInTraining(Tensor value) => value.Storage.Version > 0;
        return network.ParameterValues.Any(IsInTraining) || network.BufferValues.Any(IsInTraining)
            ? network.CopyOf(parameter => IsInTraining(parameter.Value))
            : network;
    }
}
