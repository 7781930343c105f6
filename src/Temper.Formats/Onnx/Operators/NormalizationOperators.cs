using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports normalizations and softmax.</summary>
internal static class NormalizationOperators
{
    private const int TrainingModeOpset = 14;
    private const int ChannelScaleOpset = 21;

    /// <summary>
    /// Maximum number of elements of a scale or shift that is repeated or filled with zeros, unless the scale in the
    /// file is larger: the file may declare an input of any shape.
    /// </summary>
    private const int MaxRepeated = 1 << 20;

    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("BatchNormalization", BatchNormalization),
        ElementwiseOperators.Row("InstanceNormalization", InstanceNormalization),
        ElementwiseOperators.Row("LayerNormalization", LayerNormalization),
        ElementwiseOperators.Row("GroupNormalization", GroupNormalization),
        ElementwiseOperators.Row("LpNormalization", LpNormalization),
        ElementwiseOperators.Row("Softmax", node => Softmax(node, axis => new Softmax(axis))),
        ElementwiseOperators.Row("LogSoftmax", node => Softmax(node, axis => new LogSoftmax(axis))),
    ];

    /// <summary>ONNX's momentum is the weight of the old statistics, PyTorch's that of the new ones.</summary>
    private static void BatchNormalization(NodeImport node)
    {
        Value x = node.Input(0);
        float epsilon = node.Float("epsilon", 1e-5f), momentum = node.Float("momentum", 0.9f);
        if (node.Int("spatial", 1) == 0)
        {
            throw node.Bad("attribute 'spatial' is 0 (statistics per pixel), which is not supported");
        }

        // Before opset 14, more than one output selected batch statistics.
        if (node.Int("training_mode", 0) != 0
            || (node.Opset < TrainingModeOpset && Enumerable.Range(1, node.OutputCount).Any(node.Wants)))
        {
            BatchStatistics(node, x, epsilon, momentum);
            return;
        }

        Weight[] weights =
        [
            .. Enumerable.Range(1, 4).Select(i =>
                node.Fixed(i, i switch { 1 => "the scale", 2 => "the shift", 3 => "the mean", _ => "the variance" }))
                .Select(known => new Weight(known, "", known.First)),
            new(Known.Of($"{node.Name}.num_batches_tracked", Tensor.Scalar(0L)), "", Tensor.Scalar(0L)),
        ];
        node.Result(new BatchNorm { Epsilon = epsilon, Momentum = 1 - momentum }, weights, x);
    }

    /// <summary>
    /// Normalizes by batch statistics and updates the running statistics (outputs 1 and 2). Outputs 3 and 4 of old
    /// operator sets are the batch mean and variance.
    /// </summary>
    private static void BatchStatistics(NodeImport node, Value x, float epsilon, float momentum)
    {
        if (x.IsBatched)
        {
            throw node.Mixed("normalizes by the mean and variance of the samples");
        }

        int[] axes = [.. Enumerable.Range(0, x.Shape.Rank).Where(axis => axis != 1)];
        Value mean = node.Add(new Reduce(Reduction.Mean, axes, KeepAxes: true), x);
        Value centered = node.Add(new Subtract(), x, mean);
        Value variance =
            node.Add(new Reduce(Reduction.Mean, axes, KeepAxes: true), node.Add(new Multiply(), centered, centered));
        Value normal = node.Add(new Divide(), centered, Deviation(node, variance, epsilon));
        node.Set(0, ScaledAndShifted(node, normal, x.Shape.Rank));
        node.Set(1, Moved(node, 3, mean, momentum));
        node.Set(2, Moved(node, 4, variance, momentum));
        foreach ((int output, Value statistic) in ((int, Value)[])[(3, mean), (4, variance)])
        {
            if (node.Wants(output))
            {
                node.Set(output, node.Add(ShapeOperators.To(statistic, [x.Shape[1]]), statistic));
            }
        }
    }

    private static Value Moved(NodeImport node, int running, Value batch, float momentum)
    {
        Value old = node.Add(new Multiply(), node.Input(running), node.Constant(Tensor.Scalar(momentum), "momentum"));
        Value flat = node.Add(ShapeOperators.To(batch, [batch.Shape[1]]), batch);
        return node.Add(
            new Add(), old, node.Add(new Multiply(), flat, node.Constant(Tensor.Scalar(1 - momentum), "rest")));
    }

    private static void InstanceNormalization(NodeImport node)
    {
        Value x = node.Input(0);
        int[] axes = [.. Enumerable.Range(2, Math.Max(0, x.Shape.Rank - 2))];
        node.Set(0, ScaledAndShifted(node, Normal(node, x, axes, node.Float("epsilon", 1e-5f)).Normal, x.Shape.Rank));
    }

    /// <summary>Applies the scale and shift per channel (inputs 1 and 2) to values <c>[N, C, ...]</c>.</summary>
    private static Value ScaledAndShifted(NodeImport node, Value normal, int rank)
    {
        int[] lengths = [.. Enumerable.Repeat(1, rank - 1).Prepend(-1)];
        lengths = [.. lengths[..^1]];
        (Value scale, Value shift) = node.ScaleAndShift(1);
        scale = node.Add(new Reshape(lengths) { KeepsAxis0 = false }, scale);
        shift = node.Add(new Reshape(lengths) { KeepsAxis0 = false }, shift);
        return node.Add(new Add(), node.Add(new Multiply(), normal, scale), shift);
    }

    /// <summary>Outputs 1 and 2 are the mean and the inverse standard deviation.</summary>
    private static void LayerNormalization(NodeImport node)
    {
        Value x = node.Input(0);
        int axis = ShapeOperators.Axis(node, node.Int("axis", -1), x.Shape.Rank);
        float epsilon = node.Float("epsilon", 1e-5f);
        _ = node.Int("stash_type", 1);
        if (node.IsKnown(1) && (!node.Has(2) || node.IsKnown(2)) && !node.Wants(1) && !node.Wants(2)
            && Weights(node, Shape.Create(x.Shape.AsSpan()[axis..])) is { } weights)
        {
            node.Result(new LayerNorm(x.Shape.Rank - axis) { Epsilon = epsilon }, weights, x);
            return;
        }

        (Value normal, Value mean, Value inverse) =
            Normal(node, x, [.. Enumerable.Range(axis, x.Shape.Rank - axis)], epsilon);
        Value scaled = node.Add(new Multiply(), normal, node.Input(1));
        Value y = node.Has(2) ? node.Add(new Add(), scaled, node.Input(2)) : scaled;
        node.Set(0, y.Shape.Equals(x.Shape) ? y : throw node.Bad(
            $"the scale or shift does not broadcast to the input (got a result {y.Shape}, expected {x.Shape})"));
        node.Set(1, mean);
        node.Set(2, inverse);
    }

    /// <summary>
    /// Returns the scale and the shift of a layer norm, in the shape of the normalized axes; null if they do not
    /// broadcast to it, or would be much larger than in the file.
    /// </summary>
    private static Weight[]? Weights(NodeImport node, Shape axes)
    {
        Known scale = node.Fixed(1, "the scale");
        if (axes.Count > Math.Max(MaxRepeated, scale.First.Count))
        {
            return null;
        }

        if (Over(node, axes, scale) is { } scales && Over(node, axes, Shift(node, axes)) is { } shifts)
        {
            return [scales, shifts];
        }

        return null;
    }

    private static Known Shift(NodeImport node, Shape axes)
    {
        if (node.Has(2))
        {
            return node.Fixed(2, "the shift");
        }

        node.Charge(axes.Count);
        return Known.Of($"{node.Name}/shift", Tensor.Zeros(axes));
    }

    /// <summary>
    /// Returns a scale or shift repeated to the shape of the normalized axes; null if it does not broadcast to them.
    /// </summary>
    private static Weight? Over(NodeImport node, Shape axes, Known known)
    {
        Shape shape = known.First.Shape;
        if (shape.Equals(axes))
        {
            return new Weight(known, "", known.First);
        }

        int extra = Math.Max(0, shape.Rank - axes.Rank);
        int[] lengths = [.. shape.Skip(extra)];
        bool fits = shape.Take(extra).All(length => length == 1)
            && lengths.Index().All(at => at.Item == 1 || at.Item == axes[axes.Rank - lengths.Length + at.Index]);
        if (!fits)
        {
            return null;
        }

        node.Charge(axes.Count);
        return new Weight(
            known, $"over {axes}", known.First.Reshape(Shape.Create(lengths)).Expand(axes).ToRowMajor().Detach());
    }

    /// <summary>A vector of norm 0 stays 0.</summary>
    private static void LpNormalization(NodeImport node)
    {
        Value x = node.Input(0);
        Reduction kind = node.Int("p", 2) switch
        {
            1 => Reduction.L1,
            2 => Reduction.L2,
            var other => throw node.Bad($"attribute 'p' is invalid (got {other}, expected 1 or 2)"),
        };
        int axis = ShapeOperators.Axis(node, node.Int("axis", -1), x.Shape.Rank);
        Value norm = node.Add(new Reduce(kind, [axis], KeepAxes: true), x);
        Value isZero = node.Add(new Compare(Comparison.Equal), norm, node.Constant(Tensor.Scalar(0f), "zero"));
        node.Result(new Divide(), x, node.Add(new Where(), isZero, node.Constant(Tensor.Scalar(1f), "one"), norm));
    }

    /// <summary>
    /// Before opset 21, scale and shift had one element per group, shared by all channels of the group.
    /// </summary>
    private static void GroupNormalization(NodeImport node)
    {
        Value x = node.Input(0);
        int groups = (int)Math.Clamp(node.Int("num_groups"), 0, int.MaxValue);
        float epsilon = node.Float("epsilon", 1e-5f);
        _ = node.Int("stash_type", 1);
        if (x.Shape.Rank < 2 || groups == 0 || x.Shape[1] % groups != 0)
        {
            throw node.Bad($"the groups do not divide the channels (got {groups} groups for {x.Shape}, expected a "
                + "divisor of axis 1)");
        }

        node.Result(new GroupNorm(groups) { Epsilon = epsilon }, [Each(1, "the scale"), Each(2, "the shift")], x);

        Weight Each(int input, string what)
        {
            Known known = node.Fixed(input, what);
            int expected = node.Opset < ChannelScaleOpset ? groups : x.Shape[1];
            if (known.First.Rank != 1 || known.First.Count != expected)
            {
                throw node.Bad($"{what} has the wrong shape (got {known.First.Shape}, expected [{expected}])");
            }

            int times = x.Shape[1] / expected;
            if (times == 1)
            {
                return new Weight(known, "", known.First);
            }

            node.Charge(x.Shape[1]);
            return new Weight(
                known, "each", known.First.Reshape(expected, 1).Expand([expected, times]).Reshape(x.Shape[1]));
        }
    }

    private static (Value Normal, Value Mean, Value Inverse) Normal(NodeImport node, Value x, int[] axes, float epsilon)
    {
        Value mean = node.Add(new Reduce(Reduction.Mean, axes, KeepAxes: true), x);
        Value centered = node.Add(new Subtract(), x, mean);
        Value variance =
            node.Add(new Reduce(Reduction.Mean, axes, KeepAxes: true), node.Add(new Multiply(), centered, centered));
        Value inverse = node.Add(new Pointwise(PointwiseFunction.Reciprocal), Deviation(node, variance, epsilon));
        return (node.Add(new Multiply(), centered, inverse), mean, inverse);
    }

    private static Value Deviation(NodeImport node, Value variance, float epsilon) => node.Add(
        new Pointwise(PointwiseFunction.Sqrt),
        node.Add(new Add(), variance, node.Constant(Tensor.Scalar(epsilon), "epsilon")));

    /// <summary>Before opset 13, the axes from the given one to the last were flattened into one.</summary>
    private static void Softmax(NodeImport node, Func<int, Operator> create)
    {
        Value x = node.Input(0);
        int axis = ShapeOperators.Axis(node, node.Int("axis", node.Opset < 13 ? 1 : -1), x.Shape.Rank);
        if (node.Opset >= 13 || axis == x.Shape.Rank - 1)
        {
            node.Result(create(axis), x);
            return;
        }

        if (axis == 0 && x.IsBatched)
        {
            throw node.Mixed("normalizes over the samples");
        }

        int rest = x.Shape.CountOf(axis, x.Shape.Rank);
        Value rows = node.Add(ShapeOperators.To(x, [.. x.Shape.Take(axis), rest]), x);
        Value y = node.Add(create(-1), rows);
        node.Result(ShapeOperators.To(y, [.. x.Shape]), y);
    }
}
