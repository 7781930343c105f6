using Temper.Tensors;

namespace Temper.Networks;

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
        Depth.Check(node);
        Volume.RequireDepth(
            node, inputs[0], Volume.SliceOf(inputs[0]), (long)inputs[0][2] + Depth.Before + Depth.After);
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
