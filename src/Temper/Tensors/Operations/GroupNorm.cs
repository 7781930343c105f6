namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Group normalization (arXiv:1803.08494): the channels of each sample in equal groups, each group normalized by
    /// its own mean and variance over its channels and positions, then <c>scale x + shift</c> of each channel.
    /// </summary>
    /// <param name="groups">Groups of channels, a divisor of C.</param>
    /// <param name="scale"><c>[C]</c>.</param>
    /// <param name="shift"><c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance; PyTorch's default is 1e-5.</param>
    /// <returns>The shape of the input, <c>[N, C, ...]</c>. Samples do not depend on each other.</returns>
    /// <exception cref="ShapeMismatchException">
    /// A shape does not fit, or the groups do not divide the channels.
    /// </exception>
    public Tensor GroupNorm(int groups, Tensor scale, Tensor shift, float epsilon = 1e-5f)
    {
        if (Rank < 2 || groups < 1
            || Shape[1] % groups != 0 || scale.Rank != 1 || scale.Count != Shape[1] || !shift.Shape.Equals(scale.Shape))
        {
            throw new ShapeMismatchException(
                nameof(GroupNorm), Shape, scale.Shape,
                $"[N, C, ...] with C a multiple of {groups} groups, scale and shift [C]");
        }

        // A group's channels and positions are one row of a layer normalization.
        int width = Shape.CountOf(1, Rank) / groups;
        Tensor rows = Reshape(Shape[0] * groups, width);
        Tensor normal = rows.LayerNorm(Ones([width]), Zeros([width]), epsilon).Reshape(Shape);
        Shape channels = Shape.Create([Shape[1], .. Enumerable.Repeat(1, Rank - 2)]);
        return (normal * scale.Reshape(channels)) + shift.Reshape(channels);
    }
}
