using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Attributes and arithmetic shared by convolutions and pooling.</summary>
internal static class WindowAttributes
{
    /// <summary>Reads a pair such as <c>strides</c>; both numbers must be at least <paramref name="min"/>.</summary>
    internal static (int Height, int Width) Pair(
        this OperatorAttributes attributes, string name, int min, (int, int)? absent = null)
    {
        int[] values = attributes.Ints(name, absent is var (h, w) ? [h, w] : null);
        return values.Length == 2 && values[0] >= min && values[1] >= min
            ? (values[0], values[1])
            : throw new FormatException(
                $"attribute '{name}' is invalid (got [{string.Join(", ", values)}], expected two numbers of "
                + $"{min} or more)");
    }

    /// <summary>Reads the padding, in ONNX order: top, left, bottom, right.</summary>
    internal static Padding2d Padding(this OperatorAttributes attributes)
    {
        int[] pads = attributes.Ints("pads", [0, 0, 0, 0]);
        return pads.Length == 4 && Array.TrueForAll(pads, pad => pad >= 0)
            ? new Padding2d(pads[0], pads[1], pads[2], pads[3])
            : throw new FormatException(
                $"attribute 'pads' is invalid (got [{string.Join(", ", pads)}], expected four numbers of 0 or more)");
    }

    internal static OperatorAttributes WithWindow(
        this OperatorAttributes attributes, (int Height, int Width) kernel, (int Height, int Width) stride,
        Padding2d padding) => attributes
            .With("kernel_shape", Both(kernel))
            .With("pads", new[] { padding.Top, padding.Left, padding.Bottom, padding.Right })
            .With("strides", Both(stride));

    internal static int[] Both((int Height, int Width) pair) => [pair.Height, pair.Width];

    /// <summary>Throws unless the shape is <c>[N, C, H, W]</c>.</summary>
    internal static void CheckImage(Shape shape, string node)
    {
        if (shape.Rank != 4)
        {
            throw new ShapeMismatchException(node, shape, "[N, C, H, W]");
        }
    }

    /// <summary>Throws unless the shape is <c>[N, C, H, W]</c> and has pixels to pool.</summary>
    internal static void CheckPixels(Shape shape, string node)
    {
        CheckImage(shape, node);
        if (shape[2] == 0 || shape[3] == 0)
        {
            throw new ShapeMismatchException(node, shape, "[N, C, H, W] with at least one pixel");
        }
    }

    /// <summary>
    /// Throws if the options of a convolution are out of range, so that it is refused when the network is built, not
    /// when it first runs.
    /// </summary>
    internal static void CheckConvolution(
        string node, int channels, (int Height, int Width) kernel, Conv2dOptions options)
    {
        if (Math.Min(channels, options.Groups) < 1)
        {
            throw new ArgumentException($"{node}: channels and groups must be at least 1 (got {channels} channels and "
                + $"{options.Groups} groups)");
        }

        CheckWindow(node, kernel, (options.Stride, options.Dilation), options.Padding);
    }

    /// <summary>Throws if a window, its steps or its padding are out of range.</summary>
    internal static void CheckWindow(
        string node, (int Height, int Width) kernel,
        ((int Height, int Width) Stride, (int Height, int Width) Dilation) steps, Padding2d pad)
    {
        ((int down, int right), (int stepDown, int stepRight)) = steps;
        int[] positive = [kernel.Height, kernel.Width, down, right, stepDown, stepRight];
        if (positive.Min() < 1)
        {
            throw new ArgumentException($"{node}: window, stride and dilation must be at least 1 (got window "
                + $"{kernel.Height}x{kernel.Width}, stride {down}x{right}, dilation {stepDown}x{stepRight})");
        }

        if (pad.IsNegative)
        {
            throw new ArgumentException(
                $"{node}: padding ({pad.Top}, {pad.Left}, {pad.Bottom}, {pad.Right}) must be 0 or more");
        }
    }

    /// <summary>
    /// Throws unless the output padding of a transposed convolution is 0 or more and less than the stride.
    /// </summary>
    internal static void CheckOutputPadding(string node, int padding, int stride)
    {
        if (padding < 0 || padding >= stride)
        {
            throw new ArgumentException($"{node}: output padding is out of range (got {padding}, expected 0 or more "
                + $"and less than the stride {stride})");
        }
    }

    /// <summary>Returns the number of window positions along one axis; 0 or less: the window does not fit.</summary>
    internal static int OutputLength(int length, long pads, int kernel, int stride, int dilation, bool ceiling = false)
    {
        long rest = length + pads - (((long)kernel - 1) * dilation) - 1;
        if (rest < 0)
        {
            return 0;
        }

        return (int)Math.Min((rest + (ceiling ? stride - 1 : 0)) / stride, int.MaxValue - 1) + 1;
    }
}
