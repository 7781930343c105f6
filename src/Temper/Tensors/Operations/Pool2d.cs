using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Computes the maximum of each window, <c>[N, C, H, W]</c> to <c>[N, C, OH, OW]</c>; NaN if a window contains NaN.
    /// </summary>
    /// <param name="options">Window, stride, padding, dilation and ceiling mode.</param>
    /// <remarks>
    /// If several elements of a window are equal, the gradient goes to the first in row-major order, as in PyTorch.
    /// </remarks>
    /// <exception cref="ShapeMismatchException">
    /// The input is not <c>[N, C, H, W]</c>, has no pixels, or is smaller than the window.
    /// </exception>
    public Tensor MaxPool2d(Pool2dOptions options) =>
        new Pool2dOperation("MaxPool2d", this, Pool2dOperation.Sliding("MaxPool2d", this, options), isMaximum: true)
            .Apply();

    /// <summary>
    /// Returns the index of the maximum of each window, in the row-major order of the whole tensor. If several elements
    /// are equal, the first is returned.
    /// </summary>
    /// <param name="options">Window, stride, padding, dilation and ceiling mode.</param>
    /// <param name="isColumnMajor">
    /// Whether indices within an image are counted in column-major order (ONNX <c>storage_order</c> 1).
    /// </param>
    /// <returns>Int64 <c>[N, C, OH, OW]</c>.</returns>
    /// <exception cref="ShapeMismatchException">
    /// The input is not <c>[N, C, H, W]</c>, has no pixels, or is smaller than the window.
    /// </exception>
    public Tensor MaxPool2dIndices(Pool2dOptions options, bool isColumnMajor = false) =>
        new Pool2dOperation(
            "MaxPool2dIndices", this, Pool2dOperation.Sliding("MaxPool2dIndices", this, options), isMaximum: true)
            .Indices(isColumnMajor);

    /// <summary>Computes the mean of each window, <c>[N, C, H, W]</c> to <c>[N, C, OH, OW]</c>.</summary>
    /// <param name="options">Window, stride, padding, ceiling mode, and whether padding counts.</param>
    /// <exception cref="ShapeMismatchException">
    /// The input is not <c>[N, C, H, W]</c>, has no pixels, or is smaller than the window.
    /// </exception>
    public Tensor AvgPool2d(Pool2dOptions options) =>
        new Pool2dOperation("AvgPool2d", this, Pool2dOperation.Sliding("AvgPool2d", this, options), isMaximum: false)
            .Apply();

    /// <summary>
    /// Divides the image evenly into windows and computes the mean of each, <c>[N, C, H, W]</c> to
    /// <c>[N, C, height, width]</c>.
    /// </summary>
    /// <param name="height">Height of the result, 1 or more.</param>
    /// <param name="width">Width of the result, 1 or more.</param>
    /// <exception cref="ShapeMismatchException">
    /// The input is not <c>[N, C, H, W]</c>, or has no pixels.
    /// </exception>
    public Tensor AdaptiveAvgPool2d(int height, int width) =>
        new Pool2dOperation("AdaptiveAvgPool2d", this, Pool2dOperation.Adaptive(
            "AdaptiveAvgPool2d", this, height, width), isMaximum: false).Apply();

    /// <summary>Computes the mean of each channel, <c>[N, C, H, W]</c> to <c>[N, C, 1, 1]</c>.</summary>
    /// <exception cref="ShapeMismatchException">
    /// The input is not <c>[N, C, H, W]</c>, or has no pixels.
    /// </exception>
    public Tensor GlobalAvgPool2d() =>
        new Pool2dOperation(
            "GlobalAvgPool2d", this, Pool2dOperation.Adaptive("GlobalAvgPool2d", this, 1, 1), isMaximum: false).Apply();
}

/// <summary>Maximum or average pooling. The window sizes make it sliding, adaptive or global.</summary>
internal sealed class Pool2dOperation(string name, Tensor x, PoolingSizes sizes, bool isMaximum) : Operation(x)
{
    private Tensor? _positions;

    internal override string Name => name;

    internal static PoolingSizes Sliding(string operation, Tensor x, Pool2dOptions options)
    {
        CheckRank(operation, x);
        (int height, int width) = options.Kernel;
        (int down, int right) = options.Stride ?? options.Kernel;
        Padding2d pad = options.Padding;
        int min = Math.Min(Math.Min(Math.Min(height, width), Math.Min(down, right)), Math.Min(
            options.Dilation.Height, options.Dilation.Width));
        (long tall, long wide) =
            (((height - 1L) * options.Dilation.Height) + 1, ((width - 1L) * options.Dilation.Width) + 1);
        if (min < 1 || pad.IsNegative || Math.Max(pad.Top, pad.Bottom) >= tall || Math.Max(pad.Left, pad.Right) >= wide)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"{operation}: window, stride and dilation must be at least 1, padding 0 or more and "
                    + $"less than the window (got {options})");
        }

        PoolingSizes sizes = new(
            x.Shape[0],
            x.Shape[1],
            PoolingAxis.Sliding(
                x.Shape[2], height, down, (pad.Top, pad.Bottom), options.Dilation.Height, options.CeilingMode,
                options.CountsPadding),
            PoolingAxis.Sliding(
                x.Shape[3], width, right, (pad.Left, pad.Right), options.Dilation.Width, options.CeilingMode,
                options.CountsPadding));
        return sizes.Height.Outputs > 0 && sizes.Width.Outputs > 0
            ? sizes
            : throw new ShapeMismatchException(
                operation, x.Shape, $"an image at least as large as the window ({height} x {width})");
    }

    internal static PoolingSizes Adaptive(string operation, Tensor x, int height, int width)
    {
        CheckRank(operation, x);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        return new PoolingSizes(
            x.Shape[0], x.Shape[1], PoolingAxis.Adaptive(x.Shape[2], height), PoolingAxis.Adaptive(x.Shape[3], width));
    }

    /// <summary>Converts the kernel positions of the maxima to indices of the whole tensor.</summary>
    internal Tensor Indices(bool isColumnMajor)
    {
        (PoolingAxis rows, PoolingAxis columns) = (sizes.Height, sizes.Width);
        Shape shape = [sizes.Batch, sizes.Channels, rows.Outputs, columns.Outputs];
        Tensor values = Tensor.Allocate(shape, Layout.ChannelsLast),
            positions = Tensor.Allocate(shape, Layout.ChannelsLast);
        Pooling.Maximum(sizes, x.InLayout(Layout.ChannelsLast).Physical(), values.Writable(), positions.Writable());
        ReadOnlySpan<float> winners = positions.ToRowMajor().Physical();
        Tensor indices = Tensor.Allocate<long>(shape);
        Span<long> target = indices.Writable<long>();
        for (int i = 0; i < target.Length; i++)
        {
            int column = i % columns.Outputs, row = i / columns.Outputs % rows.Outputs,
                image = i / columns.Outputs / rows.Outputs;
            int wide = (columns.Ends[column] - columns.Starts[column] + columns.Step - 1) / columns.Step;
            (int down, int right) = Math.DivRem((int)winners[i], wide);
            (int h, int w) = (rows.Starts[row] + (down * rows.Step), columns.Starts[column] + (right * columns.Step));
            long inside = isColumnMajor ? ((long)w * rows.Inputs) + h : ((long)h * columns.Inputs) + w;
            target[i] = ((long)image * rows.Inputs * columns.Inputs) + inside;
        }

        return indices;
    }

    protected override Tensor Forward()
    {
        Shape shape = [sizes.Batch, sizes.Channels, sizes.Height.Outputs, sizes.Width.Outputs];
        ReadOnlySpan<float> source = x.InLayout(Layout.ChannelsLast).Physical();
        Tensor y = Tensor.Allocate(shape, Layout.ChannelsLast);
        if (isMaximum)
        {
            _positions = IsRecorded ? Tensor.Allocate(shape, Layout.ChannelsLast) : null;
            Pooling.Maximum(sizes, source, y.Writable(), _positions is null ? default : _positions.Writable());
        }
        else
        {
            Pooling.Average(sizes, source, y.Writable());
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape, Layout.ChannelsLast);
        ReadOnlySpan<float> dy = gradient.InLayout(Layout.ChannelsLast).Physical();
        if (isMaximum)
        {
            Pooling.MaximumGradient(sizes, dy, _positions!.Physical(), dx.Writable());
        }
        else
        {
            Pooling.AverageGradient(sizes, dy, dx.Writable());
        }

        inputs.Add(0, dx);
    }

    private static void CheckRank(string operation, Tensor x)
    {
        // A window without a pixel has no mean, and the kernels write nothing for images without columns.
        if (x.Rank != 4 || x.Shape[2] == 0 || x.Shape[3] == 0)
        {
            throw new ShapeMismatchException(operation, x.Shape, "[N, C, H, W] with at least one pixel");
        }
    }
}
