using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Creates the layers for nodes that compute <c>gain x + offset</c> with constants: arithmetic with a constant operand,
/// normalization, preprocessing.
/// </summary>
internal static class AffineLowering
{
    /// <summary>
    /// Creates the layer for a sum, difference, product or quotient of a value and a constant. Null if it is not
    /// <c>gain x + offset</c>.
    /// </summary>
    internal static ChannelAffineLayer? OfArithmetic(NodeStep step, LoweringContext context)
    {
        IReadOnlyList<Tensor?> constants = context.Constants;
        IReadOnlyList<ValueInfo> values = context.Values;
        if (step.Node.Operator is not (Add or Subtract or Multiply or Divide))
        {
            return null;
        }

        int constantInput = constants[step.Inputs[0]] is null ? 1 : 0;
        if (constants[step.Inputs[constantInput]] is not { } constant)
        {
            return null;
        }

        int x = step.Inputs[1 - constantInput];
        (Tensor Gain, Tensor Offset)? map = MapOf(step.Node.Operator, constant, isFirst: constantInput == 0);
        return map is { } found && values[x].Equals(values[step.Output]) && values[x].Shape.Count > 0
            ? Layer(step, x, found.Gain, found.Offset, values[x].Shape)
            : null;
    }

    /// <summary>Creates the layer for a batch normalization that uses running statistics.</summary>
    internal static ChannelAffineLayer OfBatchNorm(NodeStep step, LoweringContext context) =>
        OfBatchNorm(step, (BatchNorm)step.Node.Operator, step.Parameters, step.Buffers, context);

    /// <summary>
    /// Creates the layer for a batch normalization with the operators that the network's plan has fused into it.
    /// </summary>
    internal static ChannelAffineLayer OfBatchNorm(FusedStep step, LoweringContext context) =>
        OfBatchNorm(step, (BatchNorm)step.Norm!.Operator, step.NormParameters, step.NormBuffers, context) with
        {
            Relu = step.Relu,
        };

    private static ChannelAffineLayer OfBatchNorm(
        PlanStep step, BatchNorm norm, IReadOnlyList<int> parameters, IReadOnlyList<int> buffers,
        LoweringContext context)
    {
        Tensor[] values = context.Network.ParameterValues, statistics = context.Network.BufferValues;
        BatchNormMap map = BatchNormMap.Of(
            norm, [values[parameters[0]], values[parameters[1]]], [statistics[buffers[0]], statistics[buffers[1]]]);
        return OfChannels(
            step, Tensor.From(map.Gains, [map.Gains.Length]), map.Offset, context.Values[step.Inputs[0]].Shape);
    }

    /// <summary>
    /// Creates the layer for preprocessing. Null if it permutes the channels of a value that is not an image.
    /// </summary>
    internal static ChannelAffineLayer? OfNormalize(NodeStep step, LoweringContext context)
    {
        var normalize = (Normalize)step.Node.Operator;
        Shape shape = context.Values[step.Output].Shape;
        Shape channels = [normalize.Mean.Count];
        ChannelAffineLayer map = OfChannels(
            step,
            Tensor.From([.. normalize.Deviation.Select(deviation => normalize.Scale / deviation)], channels),
            Tensor.From([.. normalize.Mean.Zip(normalize.Deviation, (mean, deviation) => -mean / deviation)], channels),
            shape);
        return normalize.ChannelOrder.Count == 0 || map.IsPerChannel
            ? map with { Order = normalize.ChannelOrder }
            : null;
    }

    /// <summary>
    /// Creates the layer for a gather of image channels at constant indices, with as many indices as channels. Null for
    /// any other gather.
    /// </summary>
    internal static ChannelAffineLayer? OfGather(NodeStep step, LoweringContext context)
    {
        var gather = (Gather)step.Node.Operator;
        IReadOnlyList<Tensor?> constants = context.Constants;
        IReadOnlyList<ValueInfo> values = context.Values;
        ValueInfo x = values[step.Inputs[0]];
        bool fits = constants[step.Inputs[1]] is not null
            && x.Shape.Rank == 4
            && gather.Axis is 1 or -3
            && x.Equals(values[step.Output]);
        if (!fits)
        {
            return null;
        }

        int channels = x.Shape[1];
        long[] indices = constants[step.Inputs[1]]!.To(DType.Int64).ToArray<long>();
        bool areInside = Array.TrueForAll(indices, index => index >= -channels && index < channels);
        return !areInside ? null : new ChannelAffineLayer
        {
            Name = step.Name, Inputs = [step.Inputs[0]], Output = step.Output, IsPerChannel = true,
            Gain = Tensor.Full([channels], 1f), Offset = Tensor.Zeros([channels]),
            Order = [.. indices.Select(index => (int)(index < 0 ? index + channels : index))],
        };
    }

    /// <summary>Creates a layer with a gain and an offset per channel (axis 1).</summary>
    private static ChannelAffineLayer OfChannels(PlanStep step, Tensor gain, Tensor offset, Shape shape)
    {
        bool isImage = shape.Rank == 4;
        int elements = isImage ? 1 : shape.CountOf(2, shape.Rank);
        return new ChannelAffineLayer
        {
            Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsPerChannel = isImage,
            Gain = Repeated(gain, elements), Offset = Repeated(offset, elements),
        };
    }

    /// <summary>Repeats each element the given number of times.</summary>
    private static Tensor Repeated(Tensor row, int times) => times == 1
        ? row
        : row.ToRowMajor().Reshape([row.Count, 1]).Expand([row.Count, times]).ToRowMajor().Reshape([row.Count * times]);

    /// <summary>
    /// Returns gain and offset, each with the shape of the constant. Null if the operation is not of that form, or if a
    /// gain is not a normal number.
    /// </summary>
    private static (Tensor Gain, Tensor Offset)? MapOf(Operator operation, Tensor constant, bool isFirst)
    {
        Tensor zero = Tensor.Zeros(constant.Shape), one = Tensor.Full(constant.Shape, 1f);
        switch (operation)
        {
            case Add:
                return (one, constant);
            case Subtract:
                return isFirst ? (one.Negate(), constant) : (one, constant.Negate());
            case Multiply:
                return (constant, zero);
            default:
                Tensor inverse = one / constant;
                bool isExact = !isFirst && AllNormal(inverse) && AllNormal(constant);
                return isExact ? (inverse, zero) : null;
        }
    }

    private static bool AllNormal(Tensor tensor)
    {
        foreach (float value in tensor.AsSpan<float>())
        {
            if (!float.IsNormal(value))
            {
                return false;
            }
        }

        return true;
    }

    private static ChannelAffineLayer Layer(PlanStep step, int x, Tensor gain, Tensor offset, Shape shape)
    {
        // The first axis of the value along which the constant varies; the rank if the constant is a single number.
        int shift = shape.Rank - gain.Rank, axis = 0;
        while (axis < shape.Rank && (axis < shift || gain.Shape[axis - shift] == 1))
        {
            axis++;
        }

        bool isPerChannel = shape.Rank == 4 && (axis == 4 || (axis == 1 && gain.Count == shape[1]));
        Shape full = isPerChannel ? [shape[1], 1, 1] : Shape.Create(shape.AsSpan()[axis..]);
        return new ChannelAffineLayer
        {
            Name = step.Name, Inputs = [x], Output = step.Output, Gain = Expanded(gain, full),
            Offset = Expanded(offset, full), IsPerChannel = isPerChannel,
        };
    }

    /// <summary>Expands the trailing axes of a tensor, whose leading axes are 1, and flattens the result.</summary>
    private static Tensor Expanded(Tensor tensor, Shape full)
    {
        int rank = Math.Min(full.Rank, tensor.Rank);
        Tensor last = tensor.ToRowMajor().Reshape(Shape.Create(tensor.Shape.AsSpan()[^rank..]));
        return last.Expand(full).ToRowMajor().Reshape([full.Count]);
    }
}
