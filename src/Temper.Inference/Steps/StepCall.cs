using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>What one step works on in one run.</summary>
internal readonly ref struct StepCall
{
    private readonly PlannedStep _step;
    private readonly ReadOnlySpan<FloatAddress> _addresses;
    private readonly Span<Tensor?> _tensors;

    internal StepCall(PlannedStep step, int batch, ReadOnlySpan<FloatAddress> addresses, Span<Tensor?> tensors)
    {
        (_step, Batch) = (step, batch);
        _addresses = addresses;
        _tensors = tensors;
    }

    internal int Batch { get; }

    internal FloatAddress X => Input(0);

    internal FloatAddress Y => _addresses[_step.Output];

    /// <summary>Where tensors of this run are kept, by buffer.</summary>
    internal Span<Tensor?> Tensors => _tensors;

    internal PlannedStep Step => _step;

    /// <summary>What is added to the result, or no place.</summary>
    internal FloatAddress Residual => _step.Inputs.Length > 1 ? Input(1) : default;

    internal FloatAddress Input(int index) => _addresses[_step.Inputs[index]];
}
