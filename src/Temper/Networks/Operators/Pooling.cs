using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Base of pooling operators: reduces each window of an image to one value.</summary>
/// <param name="Options">Size, stride and padding of the window.</param>
public abstract record Pool2d(Pool2dOptions Options) : Operator
{
    internal override string DefaultName => "pool";

    private (int Height, int Width) Stride => Options.Stride ?? Options.Kernel;

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        WindowAttributes.CheckPixels(x, node);
        CheckWindow(node);
        Padding2d pad = Options.Padding;
        int height =
            OutputLength(x[2], pad.Top, pad.Bottom, Options.Kernel.Height, Stride.Height, Options.Dilation.Height);
        int width = OutputLength(x[3], pad.Left, pad.Right, Options.Kernel.Width, Stride.Width, Options.Dilation.Width);
        return height > 0 && width > 0
            ? [x[0], x[1], height, width]
            : throw new ShapeMismatchException(
                node, x, $"[N, C, H, W] with the padded image at least as large as the "
                    + $"{Options.Kernel.Height}x{Options.Kernel.Width} window");
    }

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(2, 3);

    internal static Pool2dOptions OptionsFrom(OperatorAttributes attributes) => new()
    {
        Kernel = attributes.Pair("kernel_shape", min: 1),
        Stride = attributes.Pair("strides", min: 1, (1, 1)),
        Padding = attributes.Padding(),
        Dilation = attributes.Pair("dilations", min: 1, (1, 1)),
        CeilingMode = attributes.Int("ceil_mode", 0) != 0,
        CountsPadding = attributes.Int("count_include_pad", 0) != 0,
    };

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("ceil_mode", Options.CeilingMode)
        .With("count_include_pad", Options.CountsPadding)
        .With("dilations", WindowAttributes.Both(Options.Dilation))
        .WithWindow(Options.Kernel, Stride, Options.Padding);

    /// <summary>
    /// Makes the checks of the tensor operation, so that a window that cannot be computed is refused when the network
    /// is built or imported, not when it first runs.
    /// </summary>
    private void CheckWindow(string node)
    {
        WindowAttributes.CheckWindow(node, Options.Kernel, (Stride, Options.Dilation), Options.Padding);
        ((int height, int width), Padding2d pad) = (Options.Kernel, Options.Padding);
        (long tall, long wide) =
            (((height - 1L) * Options.Dilation.Height) + 1, ((width - 1L) * Options.Dilation.Width) + 1);
        string shown = $"padding ({pad.Top}, {pad.Left}, {pad.Bottom}, {pad.Right})";
        if (Math.Max(pad.Top, pad.Bottom) >= tall || Math.Max(pad.Left, pad.Right) >= wide)
        {
            throw new ArgumentException($"{node}: {shown} must be less than the window {tall}x{wide}");
        }
    }

    /// <summary>
    /// Follows PyTorch: in ceiling mode, a last window that starts in the padding after the image is dropped.
    /// </summary>
    private int OutputLength(int length, int before, int after, int kernel, int stride, int dilation)
    {
        int outputs =
            WindowAttributes.OutputLength(length, (long)before + after, kernel, stride, dilation, Options.CeilingMode);
        return Options.CeilingMode && (outputs - 1L) * stride >= (long)length + before ? outputs - 1 : outputs;
    }
}

/// <summary>Maximum of each window.</summary>
/// <param name="Options">Size, stride, padding and dilation of the window.</param>
public sealed record MaxPool2d(Pool2dOptions Options) : Pool2d(Options)
{
    /// <inheritdoc/>
    public override string Kind => "MaxPool";

    internal static MaxPool2d From(OperatorAttributes attributes) => new(OptionsFrom(attributes));

    internal override Tensor Forward(in NodeContext context) => context.X.MaxPool2d(Options);
}

/// <summary>
/// Flat int64 indices, over the whole batch, of the maximum of each window: the second output of ONNX MaxPool.
/// </summary>
/// <param name="Options">Size, stride, padding and dilation of the window.</param>
/// <param name="IsColumnMajor">True if positions within an image are counted in column-major order.</param>
public sealed record MaxPoolIndices2d(Pool2dOptions Options, bool IsColumnMajor = false) : Pool2d(Options)
{
    /// <inheritdoc/>
    public override string Kind => "MaxPoolPlaces";

    /// <inheritdoc/>
    public override bool IsDifferentiable => false;

    internal static MaxPoolIndices2d From(OperatorAttributes attributes) =>
        new(OptionsFrom(attributes), attributes.Int("storage_order", 0) != 0);

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        base.InferDType(inputs, node);
        return DType.Int64;
    }

    /// <summary>Indices count through the whole batch, so they depend on a sample's position in it.</summary>
    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => false;

    internal override Tensor Forward(in NodeContext context) => context.X.MaxPool2dIndices(Options, IsColumnMajor);

    private protected override OperatorAttributes Attributes() =>
        base.Attributes().With("storage_order", IsColumnMajor);
}

/// <summary>Mean of each window.</summary>
/// <param name="Options">Size, stride and padding of the window.</param>
public sealed record AvgPool2d(Pool2dOptions Options) : Pool2d(Options)
{
    /// <inheritdoc/>
    public override string Kind => "AveragePool";

    internal static AvgPool2d From(OperatorAttributes attributes) => new(OptionsFrom(attributes));

    internal override Tensor Forward(in NodeContext context) => context.X.AvgPool2d(Options);
}

/// <summary>Mean of each channel over height and width: <c>[N, C, 1, 1]</c>.</summary>
public sealed record GlobalAvgPool2d : Operator
{
    /// <inheritdoc/>
    public override string Kind => "GlobalAveragePool";

    internal override string DefaultName => "pool";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        WindowAttributes.CheckPixels(inputs[0], node);
        return [inputs[0][0], inputs[0][1], 1, 1];
    }

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(2, 3);

    internal override Tensor Forward(in NodeContext context) => context.X.GlobalAvgPool2d();
}

/// <summary>Average pooling to a fixed output size, with windows chosen as in PyTorch.</summary>
/// <param name="Height">Output height.</param>
/// <param name="Width">Output width.</param>
public sealed record AdaptiveAvgPool2d(int Height, int Width) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "AdaptiveAveragePool";

    internal override string DefaultName => "pool";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        WindowAttributes.CheckPixels(inputs[0], node);
        return [inputs[0][0], inputs[0][1], Height, Width];
    }

    internal static AdaptiveAvgPool2d From(OperatorAttributes attributes)
    {
        (int height, int width) = attributes.Pair("output_size", min: 1);
        return new AdaptiveAvgPool2d(height, width);
    }

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(2, 3);

    internal override Tensor Forward(in NodeContext context) => context.X.AdaptiveAvgPool2d(Height, Width);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("output_size", new[] { Height, Width });
}

public sealed partial class Value
{
    /// <summary>Adds max pooling with a square window. For other settings use <see cref="Apply"/>.</summary>
    /// <param name="kernel">Window height and width, in pixels.</param>
    /// <param name="stride">Distance between windows, in pixels; 0: equal to <paramref name="kernel"/>.</param>
    /// <param name="padding">Padding on each side, in pixels.</param>
    /// <param name="name">Name of the node.</param>
    public Value MaxPool2d(int kernel, int stride = 0, int padding = 0, string? name = null) =>
        Apply(new MaxPool2d(Pool2dOptions.Of(kernel, stride, padding)), name);

    /// <summary>Adds average pooling with a square window.</summary>
    /// <inheritdoc cref="MaxPool2d"/>
    public Value AvgPool2d(int kernel, int stride = 0, int padding = 0, string? name = null) =>
        Apply(new AvgPool2d(Pool2dOptions.Of(kernel, stride, padding)), name);

    /// <summary>Adds the mean of each channel over height and width.</summary>
    /// <param name="name">Name of the node.</param>
    /// <returns><c>[N, C, 1, 1]</c>.</returns>
    public Value GlobalAvgPool2d(string? name = null) => Apply(new GlobalAvgPool2d(), name);

    /// <summary>Adds average pooling to a fixed output size.</summary>
    /// <param name="height">Output height.</param>
    /// <param name="width">Output width.</param>
    /// <param name="name">Name of the node.</param>
    public Value AdaptiveAvgPool2d(int height, int width, string? name = null) =>
        Apply(new AdaptiveAvgPool2d(height, width), name);
}
