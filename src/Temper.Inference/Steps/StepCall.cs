using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>What one step works on in one run.</summary>
internal readonly ref struct StepCall
{
    private readonly PlannedStep _step;

    internal StepCall(PlannedStep step, int batch, SessionMemory memory) =>
        (_step, Batch, Memory) = (step, batch, memory);

    internal int Batch { get; }

    internal FloatAddress X => Input(0);

    internal FloatAddress Y => Memory.Addresses[_step.Output];

    internal SessionMemory Memory { get; }

    /// <summary>Where tensors of this run are kept, by buffer.</summary>
    internal Span<Tensor?> Tensors => Memory.Tensors;

    internal PlannedStep Step => _step;

    /// <summary>What is added to the result, or no place.</summary>
    internal FloatAddress Residual => _step.Inputs.Length > 1 ? Input(1) : default;

    internal FloatAddress Input(int index) => Memory.Addresses[_step.Inputs[index]];

    /// <summary>One of the further results, see <see cref="Layer.Extras"/>.</summary>
    internal FloatAddress Extra(int index) => Memory.Addresses[_step.Extras[index]];

    internal PlannedBuffer Buffer(int buffer) => Memory.Plan.Buffers[buffer];

    /// <summary>Whether a buffer is the caller's memory, into which results are copied.</summary>
    internal bool IsCallers(int buffer) => Array.IndexOf(Memory.Plan.Outputs, buffer) >= 0;
}
