namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Applies group normalization (arXiv:1803.08494). The channels of each sample are divided into equal groups; each
    /// group is normalized by its mean and variance over its channels and pixels. Then <c>scale x + shift</c> is
    /// applied per channel.
    /// </summary>
    /// <param name="groups">Number of channel groups; a divisor of C.</param>
    /// <param name="scale">Scale of each channel, <c>[C]</c>.</param>
    /// <param name="shift">Shift of each channel, <c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance [default: 1e-5, as in PyTorch].</param>
    /// <returns>A tensor of the input's shape, <c>[N, C, ...]</c>. Samples do not depend on each other.</returns>
    /// <exception cref="ShapeMismatchException">
    /// The shapes do not match, or C is not a multiple of <paramref name="groups"/>.
    /// </exception>
    public Tensor GroupNorm(int groups, Tensor scale, Tensor shift, float epsilon = 1e-5f)
    {
        if (Rank < 2 || groups < 1
            || Shape[1] % groups != 0 || scale.Rank != 1 || scale.Count != Shape[1] || !shift.Shape.Equals(scale.Shape))
        {
            throw new ShapeMismatchException(
                nameof(GroupNorm), Shape, scale.Shape,
                $"expected [N, C, ...] with C a multiple of {groups} groups, and scale and shift [C]");
        }

        // Each group of each sample is one row of a layer normalization.
        int width = Shape.CountOf(1, Rank) / groups;
        Tensor rows = Reshape(Shape[0] * groups, width);
        Tensor normal = rows.LayerNorm(Ones([width]), Zeros([width]), epsilon).Reshape(Shape);
        Shape channels = Shape.Create([Shape[1], .. Enumerable.Repeat(1, Rank - 2)]);
        return (normal * scale.Reshape(channels)) + shift.Reshape(channels);
    }
}
