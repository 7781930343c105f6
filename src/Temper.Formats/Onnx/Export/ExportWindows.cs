using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Exports convolutions and pooling.</summary>
internal static class ExportWindows
{
    private const int DilatedAverageOpset = 19;

    internal static void Write(NodeExport node)
    {
        // Also handles 8-bit weights, which are not initializers themselves.
        string[] inputs = [.. node.Inputs, .. ExportInt8.Weights(node)];
        switch (node.Node.Operator)
        {
            case Conv2d conv:
                node.Result("Conv", inputs, Convolution(conv.Kernel, conv.Options));
                break;
            case Conv3d conv:
                node.Result("Conv", inputs, Convolution(conv.Plane.Kernel, conv.Plane.Options, conv.Depth));
                break;
            case ConvTranspose2d conv:
                node.Result(
                    "ConvTranspose", inputs,
                    [.. Convolution(conv.Kernel, conv.Options), ("output_padding", Both(conv.Options.OutputPadding))]);
                break;
            case ConvTranspose3d conv:
                node.Result(
                    "ConvTranspose", inputs,
                    [
                        .. Convolution(conv.Plane.Kernel, conv.Plane.Options, conv.Depth),
                        ("output_padding", (int[])[conv.OutputPadding, .. Both(conv.Plane.Options.OutputPadding)]),
                    ]);
                break;
            case MaxPoolIndices2d pool:
                node.Graph.Add(
                    "MaxPool", node.Node.Name, node.Inputs, [node.Graph.Free($"{node.Node.Name}/values"), node.Output],
                    [.. Pool(node, pool.Options, isMaximum: true), ("storage_order", pool.IsColumnMajor)]);
                break;
            case Pool2d pool:
                node.Result(pool.Kind, node.Inputs, Pool(node, pool.Options, pool is MaxPool2d));
                break;
            case Pool3d pool:
                node.Result(
                    pool.Plane.Kind, node.Inputs, Pool(node, pool.Plane.Options, pool.Plane is MaxPool2d, pool.Depth));
                break;
            case GlobalAvgPool2d:
                node.Result("GlobalAveragePool", node.Inputs);
                break;
            case AdaptiveAvgPool2d pool:
                Write(node, pool);
                break;
        }
    }

    /// <summary>
    /// Exports adaptive pooling, which ONNX lacks, as average pooling if the output size divides the input size.
    /// </summary>
    private static void Write(NodeExport node, AdaptiveAvgPool2d pool)
    {
        (int height, int width) = (node.InputShape[2], node.InputShape[3]);
        if (height % pool.Height != 0 || width % pool.Width != 0)
        {
            throw node.Unfit($"has windows of different sizes ({height}x{width} to {pool.Height}x{pool.Width}), which "
                + "ONNX does not support; use an output size that divides the input size");
        }

        int[] kernel = [height / pool.Height, width / pool.Width];
        node.Result("AveragePool", node.Inputs, ("kernel_shape", kernel), ("strides", kernel));
    }

    private static (string, object)[] Convolution(
        (int, int) kernel, Conv2dOptions options, DepthWindow? depth = null) =>
        [
            .. Window(kernel, options.Stride, options.Padding, depth),
            ("dilations", With(depth?.Dilation, Both(options.Dilation))), ("group", options.Groups),
        ];

    private static (string, object)[] Pool(
        NodeExport node, Pool2dOptions options, bool isMaximum, DepthWindow? depth = null)
    {
        int[] dilations = With(depth?.Dilation, Both(options.Dilation));
        bool isDilated = dilations.Any(dilation => dilation != 1);
        if (isDilated && !isMaximum && node.Opset < DilatedAverageOpset)
        {
            throw node.Unfit(
                $"is dilated, which needs opset {DilatedAverageOpset} (got {node.Opset}); export with a newer opset");
        }

        return
        [
            .. Window(options.Kernel, options.Stride ?? options.Kernel, options.Padding, depth),
            ("ceil_mode", options.CeilingMode),
            .. isDilated ? [("dilations", dilations)] : ((string, object)[])[],
            .. isMaximum ? [] : ((string, object)[])[("count_include_pad", options.CountsPadding)],
        ];
    }

    private static (string, object)[] Window(
        (int, int) kernel, (int, int) stride, Padding2d padding, DepthWindow? depth) =>
    [
        ("kernel_shape", With(depth?.Kernel, Both(kernel))),
        ("strides", With(depth?.Stride, Both(stride))),
        ("pads", (int[])[.. With(depth?.Before, [padding.Top, padding.Left]), .. With(
            depth?.After, [padding.Bottom, padding.Right])]),
    ];

    private static int[] With(int? first, int[] plane) => first is { } value ? [value, .. plane] : plane;

    private static int[] Both((int Height, int Width) pair) => [pair.Height, pair.Width];
}
