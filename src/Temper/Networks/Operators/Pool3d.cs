using Temper.Tensors;

namespace Temper.Networks;

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
        if (inputs[0][2] == 0)
        {
            throw new ShapeMismatchException(node, inputs[0], "[N, C, D, H, W] with at least one slice");
        }

        Depth.Check(node, isPooling: true);
        Shape slice = Volume.SliceShape(Plane, inputs[0], node);
        int depth = Depth.OutputLength(inputs[0][2], Plane.Options.CeilingMode);
        Volume.RequireDepth(
            node, inputs[0], Volume.SliceOf(inputs[0]),
            Math.Max((long)inputs[0][2] + Depth.Before, ((depth - 1L) * Depth.Stride) + Depth.Span));
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
