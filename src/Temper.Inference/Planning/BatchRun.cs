using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Executes a <see cref="BatchPlan"/> in its own memory, with separate memory per thread if the batch runs in parts.
/// Not thread-safe.
/// </summary>
internal sealed class BatchRun : IPoolWork, IDisposable
{
    private SessionMemory[] _memories = [new SessionMemory()];
    private FloatAddress _input;
    private FloatAddress _output;
    private CancellationToken _cancellation;

    /// <summary>The plan that it is prepared for; null: none.</summary>
    internal BatchPlan? Plan { get; private set; }

    internal int Batch { get; private set; } = -1;

    /// <summary>Tensors of a batch that runs whole, by buffer.</summary>
    internal Span<Tensor?> Tensors => _memories[0].Tensors;

    private bool IsParted => Plan!.PartsOf(Batch) > 1;

    /// <summary>Reserves memory. Allocates only if more memory or more threads are needed than before.</summary>
    internal void Prepare(BatchPlan plan, int batch, int threads)
    {
        (Plan, Batch) = (plan, -1);
        bool isParted = plan.PartsOf(batch) > 1;
        int memories = isParted ? threads : 1;
        while (_memories.Length < memories)
        {
            _memories = [.. _memories, new SessionMemory()];
        }

        for (int i = 0; i < memories; i++)
        {
            _memories[i].Fit(plan.Steps, isParted ? plan.PartSize : batch);
        }

        // Set last: if an allocation fails, the next run must prepare again.
        Batch = batch;
    }

    /// <summary>Sets the address of a buffer that the caller owns, for the whole batch.</summary>
    internal void Rent(int buffer, FloatAddress address)
    {
        if (!IsParted)
        {
            _memories[0].Rent(buffer, address);
            return;
        }

        _input = buffer == Plan!.Steps.Inputs[0] ? address : _input;
        _output = buffer == Plan.Steps.Outputs[0] ? address : _output;
    }

    /// <summary>Runs the batch on the current worker pool.</summary>
    /// <exception cref="OperationCanceledException">The run was canceled between two steps.</exception>
    internal void Run(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        if (IsParted)
        {
            WorkerPool.Current.Run(this, Plan!.PartsOf(Batch));
        }
        else
        {
            RunSteps(_memories[0]);
        }

        // Steps hold only addresses, so the memory must stay reachable until the last step ends.
        GC.KeepAlive(this);
    }

    /// <summary>Releases rented memory.</summary>
    public void Dispose()
    {
        foreach (SessionMemory memory in _memories)
        {
            memory.Dispose();
        }
    }

    /// <summary>Runs one part.</summary>
    void IPoolWork.Run(int task, int thread)
    {
        ExecutionPlan steps = Plan!.Steps;
        int first = task * Plan.PartSize, count = Math.Min(Plan.PartSize, Batch - first), input = steps.Inputs[0],
            output = steps.Outputs[0];
        SessionMemory memory = _memories[thread];
        memory.Fit(steps, count);
        memory.Rent(input, _input + (first * steps.Buffers[input].Floats(1)));
        memory.Rent(output, _output + (first * steps.Buffers[output].Floats(1)));
        RunSteps(memory);
    }

    private void RunSteps(SessionMemory memory)
    {
        memory.Begin();
        for (int i = 0; i < Plan!.Steps.Steps.Length; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            memory.Run(i);
        }
    }
}
