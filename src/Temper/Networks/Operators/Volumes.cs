using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Movement of a window along the depth of a volume. Along height and width, the window moves as in a 2-D operator.
/// </summary>
/// <param name="Kernel">Number of kernel positions along the depth, 1 or more.</param>
/// <param name="Stride">Distance between windows, 1 or more.</param>
/// <param name="Before">Padding in front of the first slice, in slices.</param>
/// <param name="After">Padding after the last slice, in slices.</param>
/// <param name="Dilation">Distance between kernel positions, 1 or more.</param>
public readonly record struct DepthWindow(int Kernel, int Stride = 1, int Before = 0, int After = 0, int Dilation = 1)
{
    /// <summary>Depth covered by the window, including the gaps of dilation.</summary>
    internal int Span => ((Kernel - 1) * Dilation) + 1;

    /// <summary>Returns the number of window positions; 0 or less: the window does not fit.</summary>
    internal int OutputLength(int length, bool ceiling = false)
    {
        int outputs = WindowAttributes.OutputLength(length, Before + After, Kernel, Stride, Dilation, ceiling);
        return ceiling && (outputs - 1) * Stride >= length + Before ? outputs - 1 : outputs;
    }

    internal static DepthWindow From(OperatorAttributes attributes) => attributes.Ints("depth") is
    [
        >= 1 and var kernel, >= 1 and var stride, >= 0 and var before, >= 0 and var after, >= 1 and var dilation,
    ]
        ? new DepthWindow(kernel, stride, before, after, dilation)
        : throw new FormatException(
            "attribute 'depth' is invalid (expected kernel, stride, padding before, padding after and dilation)");

    internal OperatorAttributes In(OperatorAttributes attributes) =>
        attributes.With("depth", new[] { Kernel, Stride, Before, After, Dilation });
}

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
        plane.InferShape([[volume[0], volume[1], volume[3], volume[4]]], node);
}

/// <summary>
/// 3-D convolution of volumes <c>[N, C, D, H, W]</c>, with parameters <c>weight</c> <c>[O, C / groups, KD, KH, KW]</c>
/// and <c>bias</c> <c>[O]</c>.
/// </summary>
/// <param name="Plane">The convolution of each slice: channels, kernel and options.</param>
/// <param name="Depth">Movement of the window along the depth.</param>
public sealed record Conv3d(Conv2d Plane, DepthWindow Depth) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Conv3d";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Volume.Check(inputs[0], node);
        Shape slice = Volume.SliceShape(Plane, inputs[0], node);
        int depth = Depth.OutputLength(inputs[0][2]);
        return depth > 0
            ? [slice[0], slice[1], depth, slice[2], slice[3]]
            : throw new ShapeMismatchException(
                node, inputs[0], $"a volume with a padded depth of at least {Depth.Span}");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.WeightAndBias(
        [Plane.Channels, inputs[0][1] / Plane.Options.Groups, Depth.Kernel, Plane.Kernel.Height, Plane.Kernel.Width],
        Plane.Channels,
        Plane.HasBias,
        ParameterRole.ConvolutionWeight,
        Plane.Initializer is null ? null : Initializer.ByName(Plane.Initializer));

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) =>
        (long)output.Count
            * (inputs[0][1] / Plane.Options.Groups)
            * Depth.Kernel
            * Plane.Kernel.Height
            * Plane.Kernel.Width;

    internal static Conv3d From(OperatorAttributes attributes) =>
        new(Conv2d.From(attributes), DepthWindow.From(attributes));

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        ConvolutionChannels.Trace(trace, Plane.Channels, Plane.Options.Groups, Plane.HasBias, isTransposed: false);

    internal override Operator WithChannels(ChannelChange change) =>
        this with { Plane = (Conv2d)Plane.WithChannels(change) };

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = Volume.Padded(context.X, Depth, 0), weight = context.Parameters[0];
        int outputs = Depth.OutputLength(context.X.Shape[2]);
        Tensor? sum = null;
        for (int position = 0; position < Depth.Kernel; position++)
        {
            Tensor? bias = position == 0 && Plane.HasBias ? context.Parameters[1] : null;
            Tensor part =
                Volume.Images(x, Depth, position, outputs).Conv2d(Volume.Plane(weight, position), bias, Plane.Options);
            sum = sum is null ? part : sum + part;
        }

        return Volume.ToVolume(sum!, outputs);
    }

    private protected override OperatorAttributes Attributes() => Depth.In(Plane.Describe().Attributes);
}

/// <summary>
/// 3-D transposed convolution, with parameters <c>weight</c> <c>[C, O / groups, KD, KH, KW]</c> and <c>bias</c>
/// <c>[O]</c>.
/// </summary>
/// <param name="Plane">The transposed convolution of each slice.</param>
/// <param name="Depth">Movement of the window along the depth; its padding is cropped from the output.</param>
public sealed record ConvTranspose3d(ConvTranspose2d Plane, DepthWindow Depth) : Operator
{
    /// <summary>Slices added at the end of the output depth, fewer than the stride. Default: 0.</summary>
    public int OutputPadding { get; init; }

    /// <inheritdoc/>
    public override string Kind => "ConvTranspose3d";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Volume.Check(inputs[0], node);
        Shape slice = Volume.SliceShape(Plane, inputs[0], node);
        int depth = Whole(inputs[0][2]) - Depth.Before - Depth.After;
        return depth > 0
            ? [slice[0], slice[1], depth, slice[2], slice[3]]
            : throw new ShapeMismatchException(node, inputs[0], "a volume whose output depth is larger than the "
                + "padding removed from it");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.WeightAndBias(
        [inputs[0][1], Plane.Channels / Plane.Options.Groups, Depth.Kernel, Plane.Kernel.Height, Plane.Kernel.Width],
        Plane.Channels,
        Plane.HasBias,
        ParameterRole.ConvolutionWeight,
        null);

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) =>
        (long)inputs[0].Count
            * (Plane.Channels / Plane.Options.Groups)
            * Depth.Kernel
            * Plane.Kernel.Height
            * Plane.Kernel.Width;

    internal static ConvTranspose3d From(OperatorAttributes attributes) =>
        new(ConvTranspose2d.From(attributes), DepthWindow.From(attributes))
    {
        OutputPadding = attributes.Int("depth_output_padding", 0),
    };

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        ConvolutionChannels.Trace(trace, Plane.Channels, Plane.Options.Groups, Plane.HasBias, isTransposed: true);

    internal override Operator WithChannels(ChannelChange change) =>
        this with { Plane = (ConvTranspose2d)Plane.WithChannels(change) };

    /// <summary>
    /// For each kernel position along the depth, the slices are spread by the stride and shifted to that position;
    /// overlapping slices are added.
    /// </summary>
    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X, images = Volume.ToImages(x), weight = context.Parameters[0];
        int depth = x.Shape[2], whole = Whole(depth), spread = ((depth - 1) * Depth.Stride) + 1;
        Tensor? sum = null;
        for (int position = 0; position < Depth.Kernel; position++)
        {
            Tensor part =
                Volume.ToVolume(images.ConvTranspose2d(Volume.Plane(weight, position), null, Plane.Options), depth);
            int before = position * Depth.Dilation;
            Tensor placed =
                Spread(part).Slice(2, 0, spread).Pad([0, 0, before, 0, 0], [0, 0, whole - spread - before, 0, 0]);
            sum = sum is null ? placed : sum + placed;
        }

        Tensor y = sum!.Slice(2, Depth.Before, whole - Depth.After);
        return Plane.HasBias ? y + context.Parameters[1].Reshape([1, Plane.Channels, 1, 1, 1]) : y;
    }

    private protected override OperatorAttributes Attributes() =>
        Depth.In(Plane.Describe().Attributes).With("depth_output_padding", OutputPadding);

    private int Whole(int depth) => ((depth - 1) * Depth.Stride) + Depth.Span + OutputPadding;

    /// <summary>Inserts stride - 1 slices of zeros after each slice.</summary>
    private Tensor Spread(Tensor volume)
    {
        Shape s = volume.Shape;
        return volume.Unsqueeze(3).Pad([0, 0, 0, 0, 0, 0], [0, 0, 0, Depth.Stride - 1, 0, 0])
            .Reshape([s[0], s[1], s[2] * Depth.Stride, s[3], s[4]]);
    }
}

/// <summary>Maximum or mean of each window of volumes <c>[N, C, D, H, W]</c>.</summary>
/// <param name="Plane">The pooling of each slice: <see cref="MaxPool2d"/> or <see cref="AvgPool2d"/>.</param>
/// <param name="Depth">Movement of the window along the depth.</param>
public sealed record Pool3d(Pool2d Plane, DepthWindow Depth) : Operator
{
    /// <inheritdoc/>
    public override string Kind => $"{Plane.Kind}3d";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Volume.Check(inputs[0], node);
        Shape slice = Volume.SliceShape(Plane, inputs[0], node);
        int depth = Depth.OutputLength(inputs[0][2], Plane.Options.CeilingMode);
        return depth > 0
            ? [slice[0], slice[1], depth, slice[2], slice[3]]
            : throw new ShapeMismatchException(
                node, inputs[0], $"a volume with a padded depth of at least {Depth.Span}");
    }

    internal static Func<OperatorAttributes, Pool3d> From(Func<OperatorAttributes, Pool2d> plane) =>
        attributes => new Pool3d(plane(attributes), DepthWindow.From(attributes));

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(2, 3, 4);

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        int outputs = Depth.OutputLength(x.Shape[2], Plane.Options.CeilingMode),
            reach = ((outputs - 1) * Depth.Stride) + Depth.Span;
        bool isMaximum = Plane is MaxPool2d;
        DepthWindow reaching = Depth with { After = Math.Max(0, reach - x.Shape[2] - Depth.Before) };
        Tensor padded = Volume.Padded(x, reaching, isMaximum ? float.NegativeInfinity : 0);
        Tensor? result = null;
        for (int position = 0; position < Depth.Kernel; position++)
        {
            Tensor images = Volume.Images(padded, Depth, position, outputs);
            Tensor part = isMaximum ? images.MaxPool2d(Plane.Options) : images.AvgPool2d(Plane.Options);
            result = result is null ? part : isMaximum ? result.Maximum(part) : result + part;
        }

        Tensor y = Volume.ToVolume(result!, outputs);
        return isMaximum ? y : y * Shares(x.Shape[2], outputs);
    }

    private protected override OperatorAttributes Attributes() => Depth.In(Plane.Describe().Attributes);

    /// <summary>
    /// For each window, 1 / (number of kernel positions counted in its mean), as <c>[1, 1, D', 1, 1]</c>.
    /// </summary>
    private Tensor Shares(int length, int outputs)
    {
        float[] shares = new float[outputs];
        (int low, int high) = Plane.Options.CountsPadding ? (-Depth.Before, length + Depth.After) : (0, length);
        for (int o = 0; o < outputs; o++)
        {
            int first = (o * Depth.Stride) - Depth.Before;
            DepthWindow window = Depth;
            shares[o] = 1f / Enumerable.Range(0, Depth.Kernel)
                .Count(position => first + (position * window.Dilation) is var at && at >= low && at < high);
        }

        return Tensor.From(shares, [1, 1, outputs, 1, 1]);
    }
}
