using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports convolutions and pooling over one to three spatial axes. One axis is treated as an image with one row, three
/// axes as images over a depth.
/// </summary>
internal static class WindowOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("Conv", Convolution),
        ElementwiseOperators.Row("ConvTranspose", Transposed),
        ElementwiseOperators.Row("MaxPool", MaxPool),
        ElementwiseOperators.Row("AveragePool", AveragePool),
        ElementwiseOperators.Row("GlobalAveragePool", node => Global(node, Reduction.Mean)),
        ElementwiseOperators.Row("GlobalMaxPool", node => Global(node, Reduction.Max)),
    ];

    private static void Convolution(NodeImport node)
    {
        Value x = node.Input(0);
        Known weights = node.Fixed(1, "the weight");
        Window window = Window.Of(node, x, KernelOf(node, weights.First));
        var options = new Conv2dOptions
        {
            Stride = window.Stride, Padding = window.Padding, Dilation = window.Dilation,
            Groups = Groups(node),
        };
        var layer = new Conv2d(weights.First.Shape[0], window.Kernel) { Options = options, HasBias = node.Has(2) };
        CheckChannels(node, x.Shape[1], weights.First.Shape[1] * options.Groups);
        List<Weight> all = Weights(node, window, weights);
        if (window.Axes == 2 && weights.Int8Scales(axis: 0) is { } scales)
        {
            layer = layer with { HasInt8Weight = true };
            all.Add(new Weight(Known.Of($"{weights.Name}_scale", scales), "", scales));
        }

        Apply(node, window, window.Axes == 3 ? new Conv3d(layer, window.Depth) : layer, all, x);
    }

    private static void Transposed(NodeImport node)
    {
        Value x = node.Input(0);
        Known weights = node.Fixed(1, "the weight");
        GivenWindow given = GivenWindow.Of(node, x, KernelOf(node, weights.First));
        int axes = given.Axes;
        int[] extra = OutputPadding(node, x, given);
        var window = new Window(given);
        var options = new Conv2dOptions
        {
            Stride = window.Stride,
            Padding = window.Padding,
            Dilation = window.Dilation,
            Groups = Groups(node),
            OutputPadding = (axes == 1 ? 0 : extra[^2], extra[^1]),
        };
        var layer = new ConvTranspose2d(weights.First.Shape[1] * options.Groups, window.Kernel)
        {
            Options = options, HasBias = node.Has(2),
        };
        CheckChannels(node, x.Shape[1], weights.First.Shape[0]);
        Operator volume = new ConvTranspose3d(layer, window.Depth) { OutputPadding = axes == 3 ? extra[0] : 0 };
        Apply(node, window, axes == 3 ? volume : layer, Weights(node, window, weights), x);
    }

    /// <summary>
    /// Returns the padding of the output. If the output's size follows from output_shape or auto_pad, it and the pads
    /// are computed from that size.
    /// </summary>
    private static int[] OutputPadding(NodeImport node, Value x, GivenWindow given)
    {
        int axes = given.Axes;
        int[] extra = node.Ints("output_padding") ?? new int[axes];
        int[]? output = node.Ints("output_shape");
        if (extra.Length != axes || Array.Exists(extra, value => value < 0)
            || (output is not null && output.Length != axes && output.Length != axes + 2))
        {
            throw node.Bad("output_padding or output_shape are invalid (got "
                + $"{extra.Length} and {output?.Length ?? axes} numbers, expected {axes}, each padding 0 or more)");
        }

        for (int i = 0; (output is not null || given.IsSame) && i < axes; i++)
        {
            checked
            {
                (int size, int stride, int reach) =
                    (x.Shape[i + 2], given.Strides[i], (given.Kernel[i] - 1) * given.Dilations[i]);
                int length = output is null ? size * stride : output[i + output.Length - axes];
                int total = (stride * (size - 1)) + extra[i] + reach + 1 - length;
                extra[i] += Math.Max(0, -total);
                given.Pad(i, Math.Max(0, total));
            }
        }

        return BelowStrides(node, given, extra);
    }

    /// <summary>
    /// The operator adds fewer elements than the stride. More of them are taken from the padding at the end, which
    /// would remove them; what is left then is refused.
    /// </summary>
    private static int[] BelowStrides(NodeImport node, GivenWindow given, int[] extra)
    {
        for (int i = 0; i < extra.Length; i++)
        {
            (int stride, int end) = (given.Strides[i], i + given.Axes);
            int taken = extra[i] < stride ? 0 : Math.Min(extra[i], given.Pads[end]);
            (extra[i], given.Pads[end]) = (extra[i] - taken, given.Pads[end] - taken);
            if (extra[i] >= stride)
            {
                throw node.Bad($"adds too many elements at the end of axis {i + 2} (got {extra[i]}, expected less "
                    + $"than the stride {stride}); add them with a Pad node");
            }
        }

        return extra;
    }

    private static void MaxPool(NodeImport node)
    {
        Value x = node.Input(0);
        int[] kernel = node.Ints("kernel_shape") ?? throw node.Bad("attribute 'kernel_shape' is missing");
        Window window = Window.Of(node, x, kernel);
        bool isColumnMajor = node.Int("storage_order", 0) != 0;
        Pool2dOptions options = PoolOptions(node, window);
        Apply(node, window, Pool(window, new MaxPool2d(options)), [], x);
        if (node.Wants(1))
        {
            node.Set(1, window.Axes == 2
                ? node.Add(new MaxPoolIndices2d(options, isColumnMajor), x)
                : throw node.Bad(
                    "the indices of the maxima (output 1) are supported for two spatial axes only"));
        }
    }

    private static void AveragePool(NodeImport node)
    {
        Value x = node.Input(0);
        int[] kernel = node.Ints("kernel_shape") ?? throw node.Bad("attribute 'kernel_shape' is missing");
        Window window = Window.Of(node, x, kernel);
        Pool2dOptions options =
            PoolOptions(node, window) with { CountsPadding = node.Int("count_include_pad", 0) != 0 };
        Apply(node, window, Pool(window, new AvgPool2d(options)), [], x);
    }

    private static Operator Pool(Window window, Pool2d plane) =>
        window.Axes == 3 ? new Pool3d(plane, window.Depth) : plane;

    private static Pool2dOptions PoolOptions(NodeImport node, Window window) => new()
    {
        Kernel = window.Kernel,
        Stride = window.Stride,
        Padding = window.Padding,
        Dilation = window.Dilation,
        CeilingMode = node.Int("ceil_mode", 0) != 0,
        CountsPadding = false,
    };

    private static void Global(NodeImport node, Reduction reduction)
    {
        Value x = node.Input(0);
        if (reduction == Reduction.Mean && x.Shape.Rank == 4)
        {
            node.Result(new GlobalAvgPool2d(), x);
        }
        else
        {
            node.Result(
                new Reduce(reduction, [.. Enumerable.Range(2, Math.Max(0, x.Shape.Rank - 2))], KeepAxes: true), x);
        }
    }

    /// <summary>
    /// Adds a two-dimensional operator; a value with one spatial axis gets a second one of length 1 for the operation.
    /// </summary>
    private static void Apply(
        NodeImport node, Window window, Operator operation, IReadOnlyList<Weight> weights, Value x)
    {
        if (window.Axes > 1)
        {
            node.Result(operation, weights, x);
            return;
        }

        Value image = node.Add(ShapeOperators.To(x, [x.Shape[0], x.Shape[1], 1, x.Shape[2]]), x);
        Value y = node.Add(operation, weights, image);
        node.Result(ShapeOperators.To(y, [y.Shape[0], y.Shape[1], y.Shape[3]]), y);
    }

    private static List<Weight> Weights(NodeImport node, Window window, Known weights)
    {
        Shape shape = weights.First.Shape;
        Weight weight = window.Axes > 1
            ? new(weights, "", weights.First)
            : new(weights, "image", weights.First.Reshape([shape[0], shape[1], 1, shape[2]]));
        return node.Has(2) ? [weight, new(node.Fixed(2, "the bias"), "", node.Fixed(2, "the bias").First)] : [weight];
    }

    private static int Groups(NodeImport node)
    {
        long groups = node.Int("group", 1);
        return groups is >= 1 and <= int.MaxValue
            ? (int)groups
            : throw node.Bad($"attribute 'group' is invalid (got {groups}, expected 1 or more)");
    }

    private static int[] KernelOf(NodeImport node, Tensor weights)
    {
        int[] lengths = [.. weights.Shape.Skip(2)];
        int[] kernel = node.Ints("kernel_shape") ?? lengths;
        return kernel.AsSpan().SequenceEqual(lengths)
            ? kernel
            : throw node.Bad($"attribute 'kernel_shape' does not match the weight (got [{string.Join(", ", kernel)}] "
                + "for "
                + $"{weights.Shape})");
    }

    private static void CheckChannels(NodeImport node, int got, int expected)
    {
        if (got != expected)
        {
            throw node.Bad($"the weight does not match the input channels (got {got}, expected {expected})");
        }
    }
}
