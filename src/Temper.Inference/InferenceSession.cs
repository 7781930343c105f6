using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Runs a compiled network. A session holds the memory for intermediate values and, optionally, its own threads. It is
/// not thread-safe: only one thread may use it at a time.
/// </summary>
/// <remarks>
/// A run on spans allocates nothing on the managed heap once a batch of that size has been run and each thread has its
/// scratch memory. A run on tensors allocates copies of inputs and outputs. Operators that run on tensors (kernel
/// <c>operator</c> in the plan) allocate a few hundred bytes each; their element data is in reused memory.
/// </remarks>
public sealed class InferenceSession : IDisposable
{
    /// <summary>Bits of the state: a thread is in a run; the session has been disposed.</summary>
    private const int Running = 1, Disposed = 2;

    private readonly CompiledNetwork _compiled;
    private readonly WorkerPool? _ownPool;
    private readonly BatchRun _run = new();
    private int _threads;
    private int _state;

    internal InferenceSession(CompiledNetwork compiled, int? threads)
    {
        if (threads is { } count)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
            _ownPool = new WorkerPool(count);
        }

        _compiled = compiled;
    }

    /// <summary>The network that the session runs.</summary>
    public Network Network => _compiled.Network;

    /// <summary>Runs a batch through a network with one input and one output, both float32.</summary>
    /// <param name="input"><c>[N, ...]</c>, row-major: N samples, N 1 or more.</param>
    /// <param name="output">Receives <c>[N, ...]</c>, row-major; must not overlap the input.</param>
    /// <param name="cancellation">Checked between layers.</param>
    /// <exception cref="ArgumentException">The lengths do not correspond to a whole number of samples.</exception>
    /// <exception cref="InvalidOperationException">
    /// The network has several inputs or outputs, or their dtype is not float32;
    /// or another thread is using the session.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was canceled; the output is undefined.</exception>
    public void Run(ReadOnlySpan<float> input, Span<float> output, CancellationToken cancellation = default)
    {
        Enter();
        try
        {
            Prepare(SessionChecks.BatchOf(_compiled.Graph, input.Length, output.Length));
            CallerMemory.Rent(input, output, this, cancellation);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs a batch through any network.</summary>
    /// <param name="inputs">One tensor per network input, all with the same batch size.</param>
    /// <param name="cancellation">Checked between layers.</param>
    /// <returns>One tensor per network output.</returns>
    /// <exception cref="ArgumentException">The number, shape or dtype of the inputs is wrong.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the session.</exception>
    /// <exception cref="OperationCanceledException">The run was canceled.</exception>
    public IReadOnlyList<Tensor> Run(IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        Enter();
        try
        {
            return RunTensors(inputs, cancellation);
        }
        finally
        {
            Leave();
        }
    }

    private IReadOnlyList<Tensor> RunTensors(IReadOnlyList<Tensor> inputs, CancellationToken cancellation)
    {
        Network.CheckInputs(inputs);
        LayerGraph graph = _compiled.Graph;
        int first = Network.Inputs.Index().FirstOrDefault(input => input.Item.IsBatched, (-1, null!)).Index;
        int batch = first < 0 ? 1 : inputs[first].Shape[0];
        if (batch == 0)
        {
            return Network.Forward(inputs, Pass.Evaluation);
        }

        Prepare(batch);
        ExecutionPlan plan = _run.Plan!.Steps;
        PinnedFloats?[] rented = new PinnedFloats?[plan.Inputs.Length + plan.Outputs.Length];
        for (int i = 0; i < rented.Length; i++)
        {
            int buffer = i < inputs.Count ? plan.Inputs[i] : plan.Outputs[i - inputs.Count];
            if (plan.Buffers[buffer].Layout == ValueLayout.Tensor)
            {
                if (i < inputs.Count)
                {
                    _run.Tensors[buffer] = inputs[i];
                }

                continue;
            }

            rented[i] = i < inputs.Count
                ? new PinnedFloats(inputs[i].AsSpan<float>())
                : new PinnedFloats(plan.Buffers[buffer].Floats(batch));
            _run.Rent(buffer, rented[i]!.Address);
        }

        RunSteps(cancellation);
        return [.. plan.Outputs.Select((buffer, i) => rented[inputs.Count + i] is { } floats
            ? Tensor.From(floats.Span, LayerGraph.ShapeOf(plan.Buffers[buffer].Value, batch))
            : _run.Tensors[buffer]!.Owned())];
    }

    /// <summary>
    /// Releases memory and threads. A run that another thread is in completes and then releases them.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Or(ref _state, Disposed) == 0)
        {
            Release();
        }
    }

    /// <summary>Two threads in one session would write to the same memory, and both get wrong results.</summary>
    private void Enter()
    {
        int before = Interlocked.CompareExchange(ref _state, Running, 0);
        ObjectDisposedException.ThrowIf((before & Disposed) != 0, this);
        if (before != 0)
        {
            throw new InvalidOperationException(
                "InferenceSession.Run: another thread is using this session; create a session for each thread");
        }
    }

    private void Leave()
    {
        if ((Interlocked.And(ref _state, ~Running) & Disposed) != 0)
        {
            Release();          // disposed during the run, which was using the memory
        }
    }

    private void Release()
    {
        _run.Dispose();
        _ownPool?.Dispose();
    }

    private WorkerPool Pool => _ownPool ?? WorkerPool.Current;

    private void Prepare(int batch)
    {
        if (batch != _run.Batch || Pool.Threads > _threads)
        {
            // A plan that is created now is timed on the threads that will run it.
            using WorkerPool.Usage usage = Pool.Use();
            _run.Prepare(_compiled.PlanFor(batch), batch, Pool.Threads);
            _threads = Pool.Threads;
        }
    }

    /// <summary>Runs with input and output in pinned memory.</summary>
    internal void Run(FloatAddress input, FloatAddress output, CancellationToken cancellation)
    {
        ExecutionPlan plan = _run.Plan!.Steps;
        _run.Rent(plan.Inputs[0], input);
        _run.Rent(plan.Outputs[0], output);
        RunSteps(cancellation);
    }

    private void RunSteps(CancellationToken cancellation)
    {
        using WorkerPool.Usage usage = Pool.Use();
        _run.Run(cancellation);
    }
}
