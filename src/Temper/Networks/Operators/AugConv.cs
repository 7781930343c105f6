using System.Globalization;
using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// First convolution of a network trained on morphed samples (MoLe, arXiv:1909.07632). Multiplies by one matrix that
/// combines the inverse of the secret block-diagonal map with the convolution; only its nonzero blocks are stored and
/// multiplied. Input <c>[N, C, H, W]</c> or <c>[N, C H W]</c>, output <c>[N, O, OH, OW]</c>.
/// </summary>
/// <remarks>
/// The layer is an obfuscation: it hides nothing from anyone who has the layer itself (see docs/mole.md). The parameter
/// <c>matrix</c> holds all stored blocks in a single axis and should be frozen; <c>bias</c> <c>[O]</c> is an ordinary
/// parameter.
/// </remarks>
/// <param name="Channels">O, the number of output channels.</param>
/// <param name="Kernel">Kernel size, in pixels.</param>
/// <param name="Image">Shape of the original picture, before morphing: channels, height, width.</param>
/// <param name="CoreSide">Side length of one (square) core of the map; a divisor of channels x height x width.</param>
public sealed record AugConv(
    int Channels, (int Height, int Width) Kernel, (int Channels, int Height, int Width) Image, int CoreSide) : Operator
{
    /// <summary>
    /// Maximum number of cores that all output pixels read together: a limit on the time and memory for the pattern,
    /// since sizes in a file can be any numbers.
    /// </summary>
    private const int MaxReads = 1 << 25;

    private AugConvPattern? _pattern;

    /// <summary>Stride and padding of the convolution; dilation and groups are ignored.</summary>
    public Conv2dOptions Options { get; init; } = Conv2dOptions.Default;

    /// <summary>True (default) if a bias is added.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>
    /// Public identifier of the key whose map the layer undoes; null: unknown, as in files of earlier versions.
    /// </summary>
    public string? Key { get; init; }

    /// <inheritdoc/>
    public override string Kind => "AugConv";

    /// <summary>Number of elements of one sample: channels x height x width.</summary>
    internal int Inputs => checked(Image.Channels * Image.Height * Image.Width);

    /// <summary>The cached block pattern; rebuilt if a copy has other sizes.</summary>
    internal AugConvPattern Pattern
    {
        get
        {
            AugConvSizes sizes = Sizes();
            return _pattern is { } kept && kept.Sizes == sizes ? kept : _pattern = new AugConvPattern(sizes);
        }
    }

    /// <inheritdoc/>
    public bool Equals(AugConv? other) =>
        other is not null && Channels == other.Channels && Kernel == other.Kernel && Image == other.Image
        && CoreSide == other.CoreSide && HasBias == other.HasBias && Options == other.Options
        && string.Equals(Key, other.Key, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Channels, Kernel, Image, CoreSide);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        bool fits = x.Rank == 4
            ? x[1] == Image.Channels && x[2] == Image.Height && x[3] == Image.Width
            : x.Rank == 2 && x[1] == Inputs;
        return fits
            ? [x[0], Channels, Pattern.Sizes.OutHeight, Pattern.Sizes.OutWidth]
            : throw new ShapeMismatchException(
                node, x, $"[N, {Image.Channels}, {Image.Height}, {Image.Width}] or [N, {Inputs}]");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs)
    {
        Shape weight = [checked((int)Pattern.Count)];
        Shape bias = [Channels];
        var spec = new ParameterSpec("matrix", weight, ParameterRole.Other, new Constant(0), new Fan(weight, 1, 1));
        return HasBias
            ? [spec, new ParameterSpec("bias", bias, ParameterRole.Bias, new Constant(0), new Fan(bias, 1, 1))]
            : [spec];
    }

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) => Pattern.Count * output[0];

    internal static AugConv From(OperatorAttributes attributes)
    {
        int[] image = attributes.Ints("image");
        if (image.Length != 3 || Array.Exists(image, length => length < 1)
            || image.Aggregate(1L, (product, length) => product * length) > Array.MaxLength)
        {
            throw new FormatException($"attribute 'image' is invalid (got [{string.Join(", ", image)}], expected "
                + "channels, height and width, each 1 or more)");
        }

        return new AugConv(
            attributes.Positive("channels"), attributes.Pair("kernel_shape", min: 1), (image[0], image[1], image[2]),
            attributes.Positive("core_side"))
        {
            Options = new Conv2dOptions
            {
                Stride = attributes.Pair("strides", min: 1, (1, 1)), Padding = attributes.Padding(),
            },
            HasBias = attributes.Int("bias", 1) != 0,
            Key = attributes.Text("key"),
        };
    }

    internal override Tensor Forward(in NodeContext context) =>
        new AugConvOperation(context.X, context.Parameters[0], HasBias ? context.Parameters[1] : null, Pattern).Apply();

    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes sizes = OperatorAttributes.Empty
            .With("channels", Channels)
            .With("image", new[] { Image.Channels, Image.Height, Image.Width })
            .With("core_side", CoreSide)
            .With("bias", HasBias)
            .WithWindow(Kernel, Options.Stride, Options.Padding);
        return Key is null ? sizes : sizes.With("key", Key);
    }

    private AugConvSizes Sizes()
    {
        Padding2d pad = Options.Padding;
        int height = WindowAttributes.OutputLength(
            Image.Height, pad.Top + pad.Bottom, Kernel.Height, Options.Stride.Height, dilation: 1);
        int width = WindowAttributes.OutputLength(
            Image.Width, pad.Left + pad.Right, Kernel.Width, Options.Stride.Width, dilation: 1);
        long longest = Math.Max((long)Image.Height + pad.Top + pad.Bottom, (long)Image.Width + pad.Left + pad.Right);
        if (height < 1 || width < 1 || longest > int.MaxValue || CoreSide < 1 || Inputs % CoreSide != 0)
        {
            throw new ArgumentException(
                $"AugConv: sizes do not match (got image {Image}, {pad}, kernel {Kernel}, core side {CoreSide}, "
                + $"expected a kernel inside the padded image and a core side that divides {Inputs})");
        }

        RequirePossible(height, width);
        return new AugConvSizes(
            Image.Channels, Image.Height, Image.Width, Channels, Kernel.Height, Kernel.Width, Options.Stride.Height,
            Options.Stride.Width,
            pad.Top, pad.Left, height, width, CoreSide);
    }

    /// <summary>Throws if building the pattern would take too long, or the number of weights does not fit.</summary>
    private void RequirePossible(int height, int width)
    {
        // Each row of a patch reads the cores that it covers, and two more where it starts and ends inside of one.
        double reads = (double)height * width * Image.Channels * Math.Min(Kernel.Height, Image.Height)
            * ((Math.Min(Kernel.Width, Image.Width) / CoreSide) + 2);
        double weights = (double)height * width * Channels * Inputs;
        if (reads > MaxReads || weights > long.MaxValue / 2)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"AugConv: the layer is too large (got {height} x {width} output pixels of {Channels} channels, which "
                + $"read up to {reads:N0} cores, expected at most {MaxReads:N0}); use smaller pictures or more values "
                + $"per core"));
        }
    }
}
