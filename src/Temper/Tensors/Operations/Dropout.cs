using Temper.Randomness;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Sets each element to zero with the given probability and divides the others by (1 - probability).
    /// </summary>
    /// <param name="probability">Probability that an element becomes zero, 0 to 1 (both allowed).</param>
    /// <param name="stream">
    /// Random stream that selects the elements; the same stream always selects the same ones.
    /// </param>
    public Tensor Dropout(float probability, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(probability);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(probability, 1);
        return new DropoutOperation(this, 1 - probability, stream).Apply();
    }
}

/// <summary>
/// Dropout. The selection depends on the row-major index of an element, so it is independent of the layout.
/// </summary>
internal sealed class DropoutOperation(Tensor x, float keep, RandomStream stream) : Operation(x)
{
    internal override string Name => "Dropout";

    protected override Tensor Forward()
    {
        Tensor y = Tensor.Allocate(x.Shape);
        Kernels.Dropout.Apply(stream.Generator, keep, x.ToRowMajor().Physical(), y.Writable());
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        Kernels.Dropout.Apply(stream.Generator, keep, gradient.ToRowMajor().Physical(), dx.Writable());
        inputs.Add(0, dx);
    }
}
