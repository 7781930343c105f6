using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Applies layer normalization to each row along the last axis (arXiv:1607.06450):
    /// <c>scale (x - mean) / √(variance + epsilon) + shift</c>.
    /// </summary>
    /// <param name="scale">Scale of each element, <c>[D]</c>.</param>
    /// <param name="shift">Shift of each element, <c>[D]</c>.</param>
    /// <param name="epsilon">Added to the variance [default: 1e-5, as in PyTorch].</param>
    /// <returns>A tensor of the input's shape, <c>[..., D]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The shapes do not match.</exception>
    public Tensor LayerNorm(Tensor scale, Tensor shift, float epsilon = 1e-5f) =>
        new LayerNormOperation(this, scale, shift, epsilon).Apply();
}

internal sealed class LayerNormOperation(Tensor x, Tensor scale, Tensor shift, float epsilon)
    : Operation(x, scale, shift)
{
    private Tensor? _moments;

    internal override string Name => "LayerNorm";

    protected override Tensor Forward()
    {
        if (x.Rank == 0 || scale.Rank != 1 || !scale.Shape.Equals(shift.Shape) || x.Shape[-1] != scale.Count)
        {
            throw new ShapeMismatchException(
                Name, x.Shape, scale.Shape, "scale and shift must be [D], D being the length of the last axis");
        }

        Tensor y = Tensor.Allocate(x.Shape);
        _moments = Tensor.Allocate([x.Shape.CountOf(0, x.Rank - 1), 2]);
        LayerNormalization.Forward(
            x.ToRowMajor().Physical(), scale.Physical(), shift.Physical(), epsilon, _moments.Writable(), y.Writable());
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        // Group normalization applies scale and shift itself; those of its rows are constants as long as an image.
        bool wantsParameters = inputs.Wants(1) || inputs.Wants(2);
        Tensor dx = Tensor.Allocate(x.Shape);
        Tensor? dscale = wantsParameters ? Tensor.Allocate(scale.Shape) : null;
        Tensor? dshift = wantsParameters ? Tensor.Allocate(shift.Shape) : null;
        LayerNormalization.Gradient(new LayerNormGradient
        {
            X = x.ToRowMajor().Physical(),
            Gain = scale.Physical(),
            Moments = _moments!.Physical(),
            Dy = gradient.ToRowMajor().Physical(),
            Dx = dx.Writable(),
            Dgain = dscale is null ? default : dscale.Writable(),
            Dshift = dshift is null ? default : dshift.Writable(),
        });
        inputs.Add(0, dx);
        if (dscale is not null && dshift is not null)
        {
            inputs.Add(1, dscale);
            inputs.Add(2, dshift);
        }
    }
}
