using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// The window of a convolution or pooling over one to three spatial axes: a plane, and a depth if there are three.
/// </summary>
internal sealed class Window
{
    internal Window(NodeImport node, int[] kernel, int[] strides, int[] dilations, int[] pads)
    {
        Axes = kernel.Length;
        if (Axes is not (1 or 2 or 3))
        {
            throw node.Bad($"has {Axes} spatial axes, which is not supported (expected 1 to 3)");
        }

        if (strides.Length != Axes || dilations.Length != Axes || pads.Length != 2 * Axes
            || Array.Exists([.. kernel, .. strides, .. dilations], value => value < 1)
            || Array.Exists(pads, pad => pad < 0))
        {
            throw node.Bad("kernel, strides, dilations or pads are invalid (expected one number of 1 or more per "
                + "spatial axis, two pads of 0 or more)");
        }

        Kernel = Plane(kernel);
        Stride = Plane(strides);
        Dilation = Plane(dilations);
        Padding = Axes == 1
            ? new Padding2d(0, pads[0], 0, pads[1])
            : new Padding2d(pads[Axes - 2], pads[Axes - 1], pads[^2], pads[^1]);
        Depth = Axes == 3 ? new DepthWindow(kernel[0], strides[0], pads[0], pads[3], dilations[0]) : new DepthWindow(1);
    }

    internal int Axes { get; }

    internal (int Height, int Width) Kernel { get; }

    internal (int Height, int Width) Stride { get; }

    internal (int Height, int Width) Dilation { get; }

    internal Padding2d Padding { get; }

    /// <summary>The window along the first of three spatial axes.</summary>
    internal DepthWindow Depth { get; }

    /// <summary>Returns the window given by a node's attributes; <c>auto_pad</c> is resolved from the input's
    /// size.</summary>
    internal static Window Of(NodeImport node, Value x, int[] kernel)
    {
        int axes = kernel.Length;
        if (x.Shape.Rank != axes + 2)
        {
            throw node.Bad(
                $"the input has the wrong rank for the kernel (got {x.Shape}, expected batch, channels and {axes} "
                    + "axes)");
        }

        int[] strides = node.Ints("strides") ?? [.. Enumerable.Repeat(1, axes)];
        int[] dilations = node.Ints("dilations") ?? [.. Enumerable.Repeat(1, axes)];
        int[] pads = node.Ints("pads") ?? new int[2 * axes];
        string auto = node.Text("auto_pad", "NOTSET");
        if (auto is "SAME_UPPER" or "SAME_LOWER" && strides.Length == axes && dilations.Length == axes)
        {
            pads = new int[2 * axes];
            for (int i = 0; i < axes; i++)
            {
                // The output length is ceil(input / stride); an odd padding element goes after (SAME_UPPER) or before
                // (SAME_LOWER).
                int length = x.Shape[i + 2];
                int outputs = (length + strides[i] - 1) / Math.Max(1, strides[i]);
                int total = Math.Max(0, ((outputs - 1) * strides[i]) + ((kernel[i] - 1) * dilations[i]) + 1 - length);
                (pads[i], pads[i + axes]) =
                    auto is "SAME_UPPER" ? (total / 2, total - (total / 2)) : (total - (total / 2), total / 2);
            }
        }
        else if (auto is not ("NOTSET" or "VALID"))
        {
            throw node.Bad("attribute 'auto_pad' is invalid (got \"{auto}\", expected NOTSET, VALID, SAME_UPPER or "
                + "SAME_LOWER)");
        }
        else if (auto is "VALID")
        {
            pads = new int[2 * axes];
        }

        return new Window(node, kernel, strides, dilations, pads);
    }

    /// <summary>Returns the last two axes; a single axis becomes the width of an image with one row.</summary>
    private (int Height, int Width) Plane(int[] values) => Axes == 1 ? (1, values[0]) : (values[^2], values[^1]);
}
