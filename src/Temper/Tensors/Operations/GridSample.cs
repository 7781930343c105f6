using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Interpolation between the pixels around a grid point.</summary>
public enum GridInterpolation
{
    /// <summary>Bilinear interpolation of the four surrounding pixels.</summary>
    Bilinear,

    /// <summary>The nearest pixel; ties go to the even index.</summary>
    Nearest,
}

/// <summary>Values outside a sampled image.</summary>
public enum GridPadding
{
    /// <summary>Zeros.</summary>
    Zeros,

    /// <summary>The nearest pixel of the border.</summary>
    Border,

    /// <summary>The image is mirrored at its borders, repeatedly if needed.</summary>
    Reflection,
}

/// <summary>Options of sampling an image at the points of a grid.</summary>
public sealed record GridSampleOptions
{
    /// <summary>Interpolation between pixels.</summary>
    public GridInterpolation Interpolation { get; init; }

    /// <summary>Values outside the image.</summary>
    public GridPadding Padding { get; init; }

    /// <summary>
    /// Whether -1 and 1 are the centers of the first and last pixel (true) or their outer edges (false).
    /// </summary>
    public bool AlignCorners { get; init; }
}

public sealed partial class Tensor
{
    /// <summary>
    /// Samples images <c>[N, C, H, W]</c> at the points of a grid, like <c>torch.nn.functional.grid_sample</c>
    /// (arXiv:1506.02025). Differentiable in the image and the grid; with nearest-pixel interpolation the grid's
    /// gradient is 0. The result does not depend on the number of threads.
    /// </summary>
    /// <param name="grid">
    /// Points <c>[N, height, width, 2]</c>: x (horizontal), then y (vertical), each -1 to 1 from one image edge to the
    /// opposite one. A point with a NaN coordinate gives 0.
    /// </param>
    /// <param name="options">
    /// Interpolation, padding and corner alignment; null: bilinear, zeros outside, corners not aligned.
    /// </param>
    /// <returns><c>[N, C, height, width]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The shapes do not match, or the image has no pixels.</exception>
    public Tensor GridSample(Tensor grid, GridSampleOptions? options = null) =>
        new GridSampleOperation(this, grid, options ?? new GridSampleOptions()).Apply();
}

internal sealed class GridSampleOperation(Tensor x, Tensor grid, GridSampleOptions options) : Operation(x, grid)
{
    internal override string Name => "GridSample";

    private GridShape Sizes => new(
        x.Shape[0], x.Shape[1], grid.Shape[1] * grid.Shape[2], Axis(x.Shape[2]), Axis(x.Shape[3]),
        options.Interpolation == GridInterpolation.Nearest);

    protected override Tensor Forward()
    {
        if (x.Rank != 4 || grid.Rank != 4
            || grid.Shape[3] != 2 || grid.Shape[0] != x.Shape[0] || x.Shape[2] == 0 || x.Shape[3] == 0)
        {
            throw new ShapeMismatchException(
                Name, x.Shape, grid.Shape, "expected a nonempty image [N, C, H, W] and a grid [N, height, width, 2]");
        }

        Tensor y = Tensor.Allocate([x.Shape[0], x.Shape[1], grid.Shape[1], grid.Shape[2]]);
        GridSampling.Forward(x.ToRowMajor().Physical(), grid.ToRowMajor().Physical(), y.Writable(), Sizes);
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dy = gradient.ToRowMajor(), points = grid.ToRowMajor();
        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Allocate(x.Shape);
            GridSampling.ImageGradient(points.Physical(), dy.Physical(), dx.Writable(), Sizes);
            inputs.Add(0, dx);
        }

        if (inputs.Wants(1))
        {
            Tensor dgrid = Tensor.Allocate(grid.Shape);
            GridSampling.GridGradient(
                x.ToRowMajor().Physical(), points.Physical(), dy.Physical(), dgrid.Writable(), Sizes);
            inputs.Add(1, dgrid);
        }
    }

    private GridAxis Axis(int length) => new(
        length, options.AlignCorners, options.Padding == GridPadding.Reflection, options.Padding != GridPadding.Zeros);
}
