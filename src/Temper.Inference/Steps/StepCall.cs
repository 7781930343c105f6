using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Arguments of a step in one run.</summary>
internal readonly ref struct StepCall
{
    private readonly PlannedStep _step;

    internal StepCall(PlannedStep step, int batch, SessionMemory memory) =>
        (_step, Batch, Memory) = (step, batch, memory);

    internal int Batch { get; }

    internal FloatAddress X => Input(0);

    internal FloatAddress Y => Memory.Addresses[_step.Output];

    internal SessionMemory Memory { get; }

    /// <summary>Tensors of this run, by buffer.</summary>
    internal Span<Tensor?> Tensors => Memory.Tensors;

    internal PlannedStep Step => _step;

    /// <summary>Value that is added to the result; a null address: none.</summary>
    internal FloatAddress Residual => _step.Inputs.Length > 1 ? Input(1) : default;

    internal FloatAddress Input(int index) => Memory.Addresses[_step.Inputs[index]];

    /// <summary>Returns the address of one of the further outputs; see <see cref="Layer.Extras"/>.</summary>
    internal FloatAddress Extra(int index) => Memory.Addresses[_step.Extras[index]];

    internal PlannedBuffer Buffer(int buffer) => Memory.Plan.Buffers[buffer];

    /// <summary>Whether the caller owns a buffer, so that results must be copied into it.</summary>
    internal bool IsCallers(int buffer) => Array.IndexOf(Memory.Plan.Outputs, buffer) >= 0;
}
