using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// 2-D convolution (cross-correlation) with the parameters <c>weight</c> <c>[O, C / groups, KH, KW]</c> and <c>bias</c>
/// <c>[O]</c>.
/// </summary>
/// <param name="Channels">O, the number of output channels.</param>
/// <param name="Kernel">Kernel size, in pixels.</param>
public sealed record Conv2d(int Channels, (int Height, int Width) Kernel) : Operator
{
    /// <summary>Stride, padding, dilation and groups.</summary>
    public Conv2dOptions Options { get; init; } = Conv2dOptions.Default;

    /// <summary>True (default) if a bias is added.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>
    /// True if the weight is rounded before use to int8 (-128 to 127) times the buffer <c>weight_scale</c> <c>[O]</c>.
    /// Gradients are passed straight through the rounding. Default: false.
    /// </summary>
    public bool HasInt8Weight { get; init; }

    /// <summary>
    /// Name of the weight's initializer, one of <see cref="Initializer.KnownNames"/>; null: PyTorch's default.
    /// </summary>
    public string? Initializer { get; init; }

    /// <inheritdoc/>
    public override string Kind => "Conv";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        WindowAttributes.CheckImage(x, node);
        WindowAttributes.CheckConvolution(node, Channels, Kernel, Options);
        if (x[1] % Options.Groups != 0 || Channels % Options.Groups != 0)
        {
            throw new ShapeMismatchException(
                node, x, $"input and output channels divisible by {Options.Groups} groups; there are {Channels} "
                    + "output channels");
        }

        Padding2d pad = Options.Padding;
        Conv2dShapes.RequirePadded(node, x, (x[1], x[2], x[3]), pad);
        int height = WindowAttributes.OutputLength(
            x[2], (long)pad.Top + pad.Bottom, Kernel.Height, Options.Stride.Height, Options.Dilation.Height);
        int width = WindowAttributes.OutputLength(
            x[3], (long)pad.Left + pad.Right, Kernel.Width, Options.Stride.Width, Options.Dilation.Width);
        return height > 0 && width > 0
            ? [x[0], Channels, height, width]
            : throw new ShapeMismatchException(node, x, "[N, C, H, W] with the padded image at least as large as the "
                + $"{Kernel.Height}x{Kernel.Width} kernel");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.WeightAndBias(
        [Channels, inputs[0][1] / Options.Groups, Kernel.Height, Kernel.Width],
        Channels,
        HasBias,
        ParameterRole.ConvolutionWeight,
        Initializer is null ? null : Networks.Initializer.ByName(Initializer));

    /// <inheritdoc/>
    public override IReadOnlyList<BufferSpec> BufferSpecs(IReadOnlyList<Shape> inputs) =>
        Int8Weight.Buffers(HasInt8Weight, Channels);

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) =>
        (long)output.Count * (inputs[0][1] / Options.Groups) * Kernel.Height * Kernel.Width;

    internal static Conv2d From(OperatorAttributes attributes) => new(
        attributes.Positive("channels"), attributes.Pair("kernel_shape", min: 1))
    {
        Options = OptionsFrom(attributes),
        HasBias = attributes.Int("bias", 1) != 0,
        HasInt8Weight = attributes.Int(Int8Weight.Attribute, 0) != 0,
        Initializer = attributes.Text("initializer"),
    };

    internal static Conv2dOptions OptionsFrom(OperatorAttributes attributes) => new()
    {
        Stride = attributes.Pair("strides", min: 1, (1, 1)),
        Padding = attributes.Padding(),
        Dilation = attributes.Pair("dilations", min: 1, (1, 1)),
        Groups = attributes.Positive("group", 1),
        OutputPadding = attributes.Pair("output_padding", min: 0, (0, 0)),
    };

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        AxisChannels[] axes = ConvolutionChannels.Trace(trace, Channels, Options.Groups, HasBias, isTransposed: false);
        if (HasInt8Weight)
        {
            trace.Buffer(0, 0, axes[1]);
        }

        return axes;
    }

    internal override Operator WithChannels(ChannelChange change) =>
        this with { Channels = change.Output[1], Options = Options with
        {
            Groups = ConvolutionChannels.Groups(Options.Groups, change),
        } };

    internal override Tensor Forward(in NodeContext context) =>
        context.X.Conv2d(
            HasInt8Weight ? Int8Weight.Rounded(context.Parameters[0], context.Buffers[0]) : context.Parameters[0],
            HasBias ? context.Parameters[1] : null, Options);

    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes attributes = OperatorAttributes.Empty
            .With("channels", Channels)
            .With("bias", HasBias)
            .With("group", Options.Groups)
            .With("dilations", WindowAttributes.Both(Options.Dilation))
            .WithWindow(Kernel, Options.Stride, Options.Padding);
        attributes = HasInt8Weight ? attributes.With(Int8Weight.Attribute, true) : attributes;
        return Initializer is null ? attributes : attributes.With("initializer", Initializer);
    }
}

public sealed partial class Value
{
    /// <summary>Adds a convolution with a square kernel. For other settings use <see cref="Apply"/>.</summary>
    /// <param name="channels">Number of output channels.</param>
    /// <param name="kernel">Kernel height and width, in pixels.</param>
    /// <param name="stride">Stride in both directions, in pixels.</param>
    /// <param name="padding">Zero padding on each side, in pixels.</param>
    /// <param name="groups">Number of groups, as in PyTorch.</param>
    /// <param name="bias">True if a bias is added.</param>
    /// <param name="name">Name of the node; null: <c>conv1</c>, <c>conv2</c>, ...</param>
    /// <returns><c>[N, channels, OH, OW]</c>.</returns>
    /// <exception cref="ShapeMismatchException">
    /// The value is not <c>[N, C, H, W]</c>, the image is smaller than the kernel, or the groups do not divide the
    /// channels.
    /// </exception>
    public Value Conv2d(
        int channels, int kernel, int stride = 1, int padding = 0, int groups = 1, bool bias = true,
        string? name = null) =>
        Apply(
            new Conv2d(channels, (kernel, kernel))
            {
                Options = Conv2dOptions.Of(stride, padding, groups), HasBias = bias,
            }, name);
}
