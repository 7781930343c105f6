using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Slices of volumes <c>[N, C, D, H, W]</c> as images: each is one image of a larger batch.</summary>
/// <remarks>
/// A window over a volume is, for each of its kernel positions along the depth, one over images; what they give is
/// added or compared.
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

    /// <summary>The slices that a kernel position meets, as images <c>[N D', C, H, W]</c>.</summary>
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

    /// <summary>Images <c>[N D, C, H, W]</c> as volumes <c>[N, C, D, H, W]</c>.</summary>
    internal static Tensor ToVolume(Tensor images, int depth)
    {
        Shape s = images.Shape;
        return images.Reshape([s[0] / depth, depth, s[1], s[2], s[3]]).Permute(0, 2, 1, 3, 4);
    }

    internal static Tensor Padded(Tensor volume, DepthWindow window, float value) => window.Before + window.After == 0
        ? volume
        : volume.Pad([0, 0, window.Before, 0, 0], [0, 0, window.After, 0, 0], value);

    /// <summary>The weight's plane of a kernel position.</summary>
    internal static Tensor Plane(Tensor weight, int position) => weight.Slice(2, position, position + 1).Squeeze(2);

    /// <summary>The shape of an image operator's result for one slice.</summary>
    internal static Shape SliceShape(Operator plane, Shape volume, string node) =>
        plane.InferShape([[volume[0], volume[1], volume[3], volume[4]]], node);
}
