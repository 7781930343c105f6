using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// The window of a convolution or pooling over one to three spatial axes: a plane, and a depth if there are three.
/// </summary>
internal sealed class Window
{
    internal Window(GivenWindow given)
    {
        (int[] kernel, int[] strides, int[] dilations, int[] pads, _) = given;
        Axes = given.Axes;
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

    /// <summary>
    /// Returns the window given by a node's attributes; <c>auto_pad</c> is resolved from the input's size.
    /// </summary>
    internal static Window Of(NodeImport node, Value x, int[] kernel)
    {
        GivenWindow given = GivenWindow.Of(node, x, kernel);
        for (int i = 0; given.IsSame && i < given.Axes; i++)
        {
            // The output length is ceil(input / stride).
            (int length, int stride) = (x.Shape[i + 2], given.Strides[i]);
            checked
            {
                int outputs = (length + stride - 1) / stride;
                int total = ((outputs - 1) * stride) + ((kernel[i] - 1) * given.Dilations[i]) + 1 - length;
                given.Pad(i, Math.Max(0, total));
            }
        }

        return new Window(given);
    }

    /// <summary>Returns the last two axes; a single axis becomes the width of an image with one row.</summary>
    private (int Height, int Width) Plane(int[] values) => Axes == 1 ? (1, values[0]) : (values[^2], values[^1]);
}
