using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Treats the slices of volumes <c>[N, C, D, H, W]</c> as images of a larger batch.</summary>
/// <remarks>
/// A 3-D window is computed as one 2-D window per kernel position along the depth; the results are added or compared.
/// </remarks>
internal static class Volume
{
    internal static void Check(Shape shape, string node)
    {
        if (shape.Rank != 5)
        {
            throw new ShapeMismatchException(node, shape, "[N, C, D, H, W]");
        }
    }

    /// <summary>
    /// Throws if slices of this shape make a volume, after padding, of more elements than a tensor may have. Lengths
    /// computed in 32 bits would wrap around.
    /// </summary>
    internal static void RequireDepth(string node, Shape input, Shape slice, long depth)
    {
        if ((double)slice[1] * slice[2] * slice[3] * depth > int.MaxValue || depth > int.MaxValue)
        {
            throw new ShapeMismatchException(
                node, input, $"a padded volume of at most {int.MaxValue} elements (its depth is {depth}); use less "
                    + "padding or a smaller stride");
        }
    }

    /// <summary>Returns the slices covered by a kernel position, as images <c>[N D', C, H, W]</c>.</summary>
    internal static Tensor Images(Tensor volume, DepthWindow window, int position, int outputs)
    {
        int first = position * window.Dilation;
        return ToImages(volume.Slice(2, first, first + ((outputs - 1) * window.Stride) + 1, window.Stride));
    }

    internal static Tensor ToImages(Tensor volume)
    {
        Shape s = volume.Shape;
        return volume.Permute(0, 2, 1, 3, 4).Reshape([s[0] * s[2], s[1], s[3], s[4]]);
    }

    /// <summary>Converts images <c>[N D, C, H, W]</c> to volumes <c>[N, C, D, H, W]</c>.</summary>
    internal static Tensor ToVolume(Tensor images, int depth)
    {
        Shape s = images.Shape;
        return images.Reshape([s[0] / depth, depth, s[1], s[2], s[3]]).Permute(0, 2, 1, 3, 4);
    }

    internal static Tensor Padded(Tensor volume, DepthWindow window, float value) => window.Before + window.After == 0
        ? volume
        : volume.Pad([0, 0, window.Before, 0, 0], [0, 0, window.After, 0, 0], value);

    /// <summary>Returns the 2-D weight of a kernel position along the depth.</summary>
    internal static Tensor Plane(Tensor weight, int position) => weight.Slice(2, position, position + 1).Squeeze(2);

    /// <summary>Infers the output shape of a 2-D operator for one slice.</summary>
    internal static Shape SliceShape(Operator plane, Shape volume, string node) =>
        plane.InferShape([SliceOf(volume)], node);

    internal static Shape SliceOf(Shape volume) => [volume[0], volume[1], volume[3], volume[4]];
}
