using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Runs a compiled network: memory for the values between its layers, and perhaps threads of its own. One thread uses
/// it at a time.
/// </summary>
/// <remarks>
/// A run allocates nothing once a batch of its size was there before and each thread has its working memory. Operators
/// that run on tensors (the plan calls their kernel <c>operator</c>) allocate some hundred bytes each; their numbers
/// lie in memory that is used again.
/// </remarks>
public sealed class InferenceSession : IDisposable
{
    private readonly CompiledNetwork _compiled;
    private readonly WorkerPool? _ownPool;
    private readonly BatchRun _run = new();
    private int _threads;
    private bool _isDisposed;

    internal InferenceSession(CompiledNetwork compiled, int? threads)
    {
        if (threads is { } count)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
            _ownPool = new WorkerPool(count);
        }

        _compiled = compiled;
    }

    /// <summary>What it runs.</summary>
    public Network Network => _compiled.Network;

    /// <summary>Runs a batch through a network with one input and one output, both float32.</summary>
    /// <param name="input"><c>[N, ...]</c> row-major: as many floats as N samples have, N one or more.</param>
    /// <param name="output">Receives <c>[N, ...]</c> row-major; must not overlap the input.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <exception cref="ArgumentException">The lengths do not fit a whole number of samples.</exception>
    /// <exception cref="InvalidOperationException">
    /// The network has several inputs or outputs, or others than float32.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the output is undefined.</exception>
    public void Run(ReadOnlySpan<float> input, Span<float> output, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Prepare(SessionChecks.BatchOf(_compiled.Graph, input.Length, output.Length));
        CallerMemory.Rent(input, output, this, cancellation);
    }

    /// <summary>Runs a batch through any network.</summary>
    /// <param name="inputs">One tensor for each input, all of one batch size.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <returns>One tensor for each output.</returns>
    /// <exception cref="ArgumentException">Number, shape or dtype of the inputs does not fit.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<Tensor> Run(IReadOnlyList<Tensor> inputs, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
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

    /// <summary>Gives memory and threads back.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _run.Dispose();
        _ownPool?.Dispose();
    }

    private WorkerPool Pool => _ownPool ?? WorkerPool.Current;

    private void Prepare(int batch)
    {
        if (batch != _run.Batch || Pool.Threads > _threads)
        {
            // A plan that is made now is timed on the threads that will run it.
            using WorkerPool.Usage usage = Pool.Use();
            _run.Prepare(_compiled.PlanFor(batch), batch, Pool.Threads);
            _threads = Pool.Threads;
        }
    }

    /// <summary>Runs with an input and an output that stay in place meanwhile.</summary>
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
