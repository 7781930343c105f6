using Temper.Randomness;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Each element becomes zero with a probability, and is divided by the probability of staying otherwise.
    /// </summary>
    /// <param name="probability">Of becoming zero, 0 to 1.</param>
    /// <param name="stream">Decides; the same stream gives the same choice.</param>
    public Tensor Dropout(float probability, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(probability);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(probability, 1);
        return new DropoutOperation(this, 1 - probability, stream).Apply();
    }
}

/// <summary>The choice depends on an element's index in row-major order, so that layout does not matter.</summary>
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
