using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Which pixels a grid point takes its value from.</summary>
public enum GridInterpolation
{
    /// <summary>The four around it, by distance.</summary>
    Bilinear,

    /// <summary>The nearest; halfway between two the even one.</summary>
    Nearest,
}

/// <summary>What lies outside an image that a grid samples.</summary>
public enum GridPadding
{
    /// <summary>Zeros.</summary>
    Zeros,

    /// <summary>The pixel at the edge.</summary>
    Border,

    /// <summary>The image mirrored at its edges, as often as needed.</summary>
    Reflection,
}

/// <summary>How an image is sampled at the points of a grid.</summary>
public sealed record GridSampleOptions
{
    /// <summary>Which pixels a point takes its value from.</summary>
    public GridInterpolation Interpolation { get; init; }

    /// <summary>What lies outside the image.</summary>
    public GridPadding Padding { get; init; }

    /// <summary>Whether -1 and 1 are the centers of the first and last pixel, not their outer edges.</summary>
    public bool AlignCorners { get; init; }
}

public sealed partial class Tensor
{
    /// <summary>
    /// The image <c>[N, C, H, W]</c> at the points of a grid, as torch.nn.functional.grid_sample (arXiv:1506.02025).
    /// Differentiable in image and grid; the grid's gradient is zero for nearest pixels. The result does not depend on
    /// the number of threads.
    /// </summary>
    /// <param name="grid">
    /// <c>[N, height, width, 2]</c>: x along the width, then y along the height, -1 to 1 from one edge of the image to
    /// the other. A point with a coordinate that is NaN gives 0.
    /// </param>
    /// <param name="options">
    /// Interpolation, padding and corners; null: bilinear, zeros outside, corners not aligned.
    /// </param>
    /// <returns><c>[N, C, height, width]</c>.</returns>
    /// <exception cref="ShapeMismatchException">A shape does not fit, or the image has no pixels.</exception>
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
                Name, x.Shape, grid.Shape, "an image [N, C, H, W] with pixels and a grid [N, height, width, 2]");
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
