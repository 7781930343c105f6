using Temper.Tensors;

namespace Temper.Networks;

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
        Depth.Check(node);
        WindowAttributes.CheckOutputPadding(node, OutputPadding, Depth.Stride);
        Shape slice = Volume.SliceShape(Plane, inputs[0], node);
        long whole = Whole(inputs[0][2]), depth = whole - Depth.Before - Depth.After;
        Volume.RequireDepth(node, inputs[0], slice, Math.Max(whole, (long)inputs[0][2] * Depth.Stride));
        return depth > 0
            ? [slice[0], slice[1], (int)depth, slice[2], slice[3]]
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
        int depth = x.Shape[2], whole = (int)Whole(depth), spread = ((depth - 1) * Depth.Stride) + 1;
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

    private long Whole(int depth) => ((depth - 1L) * Depth.Stride) + Depth.Span + OutputPadding;

    /// <summary>Inserts stride - 1 slices of zeros after each slice.</summary>
    private Tensor Spread(Tensor volume)
    {
        Shape s = volume.Shape;
        return volume.Unsqueeze(3).Pad([0, 0, 0, 0, 0, 0], [0, 0, 0, Depth.Stride - 1, 0, 0])
            .Reshape([s[0], s[1], s[2] * Depth.Stride, s[3], s[4]]);
    }
}
