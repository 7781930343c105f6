using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// 2-D transposed convolution with the parameters <c>weight</c> <c>[C, O / groups, KH, KW]</c> and <c>bias</c>
/// <c>[O]</c>.
/// </summary>
/// <param name="Channels">O, the number of output channels.</param>
/// <param name="Kernel">Kernel size, in pixels.</param>
public sealed record ConvTranspose2d(int Channels, (int Height, int Width) Kernel) : Operator
{
    /// <summary>Stride, padding, dilation, groups and output padding.</summary>
    public Conv2dOptions Options { get; init; } = Conv2dOptions.Default;

    /// <summary>True (default) if a bias is added.</summary>
    public bool HasBias { get; init; } = true;

    /// <inheritdoc/>
    public override string Kind => "ConvTranspose";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        WindowAttributes.CheckImage(x, node);
        WindowAttributes.CheckConvolution(node, Channels, Kernel, Options);
        WindowAttributes.CheckOutputPadding(node, Options.OutputPadding.Height, Options.Stride.Height);
        WindowAttributes.CheckOutputPadding(node, Options.OutputPadding.Width, Options.Stride.Width);
        if (x[1] % Options.Groups != 0 || Channels % Options.Groups != 0)
        {
            throw new ShapeMismatchException(
                node, x, $"input and output channels divisible by {Options.Groups} groups; there are {Channels} "
                    + "output channels");
        }

        Padding2d pad = Options.Padding;
        long height = Length(
            x[2], (long)pad.Top + pad.Bottom, Kernel.Height, Options.Stride.Height, Options.Dilation.Height,
            Options.OutputPadding.Height);
        long width = Length(
            x[3], (long)pad.Left + pad.Right, Kernel.Width, Options.Stride.Width, Options.Dilation.Width,
            Options.OutputPadding.Width);
        if (height <= 0 || width <= 0)
        {
            throw new ShapeMismatchException(
                node, x, "an image whose output is larger than the padding removed from it");
        }

        Conv2dShapes.RequirePadded(node, x, (Channels, height, width), pad);
        return [x[0], Channels, (int)height, (int)width];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.WeightAndBias(
        [inputs[0][1], Channels / Options.Groups, Kernel.Height, Kernel.Width],
        Channels,
        HasBias,
        ParameterRole.ConvolutionWeight,
        initializer: null);

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) =>
        (long)inputs[0].Count * (Channels / Options.Groups) * Kernel.Height * Kernel.Width;

    internal static ConvTranspose2d From(OperatorAttributes attributes) => new(
        attributes.Positive("channels"), attributes.Pair("kernel_shape", min: 1))
    {
        Options = Networks.Conv2d.OptionsFrom(attributes),
        HasBias = attributes.Int("bias", 1) != 0,
    };

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        ConvolutionChannels.Trace(trace, Channels, Options.Groups, HasBias, isTransposed: true);

    internal override Operator WithChannels(ChannelChange change) =>
        this with { Channels = change.Output[1], Options = Options with
        {
            Groups = ConvolutionChannels.Groups(Options.Groups, change),
        } };

    internal override Tensor Forward(in NodeContext context) =>
        context.X.ConvTranspose2d(context.Parameters[0], HasBias ? context.Parameters[1] : null, Options);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("channels", Channels)
        .With("bias", HasBias)
        .With("group", Options.Groups)
        .With("dilations", WindowAttributes.Both(Options.Dilation))
        .With("output_padding", WindowAttributes.Both(Options.OutputPadding))
        .WithWindow(Kernel, Options.Stride, Options.Padding);

    private static long Length(int length, long pads, int kernel, int stride, int dilation, int extra) =>
        ((length - 1L) * stride) - pads + (dilation * (kernel - 1L)) + 1 + extra;
}

public sealed partial class Value
{
    /// <summary>
    /// Adds a transposed convolution with a square kernel. For other settings use <see cref="Apply"/>.
    /// </summary>
    /// <param name="channels">Number of output channels.</param>
    /// <param name="kernel">Kernel height and width, in pixels.</param>
    /// <param name="stride">Stride: distance in the output between neighboring inputs, in pixels.</param>
    /// <param name="padding">Number of pixels cropped from each side of the output.</param>
    /// <param name="bias">True if a bias is added.</param>
    /// <param name="name">Name of the node.</param>
    public Value ConvTranspose2d(
        int channels, int kernel, int stride = 1, int padding = 0, bool bias = true, string? name = null) => Apply(
            new ConvTranspose2d(channels, (kernel, kernel))
            {
                Options = Conv2dOptions.Of(stride, padding), HasBias = bias,
            }, name);
}
