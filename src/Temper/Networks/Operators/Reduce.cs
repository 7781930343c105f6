using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Reduction functions. The ONNX names are these with the prefix <c>Reduce</c>.</summary>
public enum Reduction
{
    /// <summary>Sum of absolute values.</summary>
    L1,

    /// <summary>Square root of the sum of squares; the gradient at zero is zero.</summary>
    L2,

    /// <summary>Logarithm of the sum.</summary>
    LogSum,

    /// <summary>Logarithm of the sum of exponentials, computed without overflow.</summary>
    LogSumExp,

    /// <summary>Maximum; for Boolean values, true if any is true.</summary>
    Max,

    /// <summary>Mean.</summary>
    Mean,

    /// <summary>Minimum; for Boolean values, true if all are true.</summary>
    Min,

    /// <summary>Product.</summary>
    Prod,

    /// <summary>Sum.</summary>
    Sum,

    /// <summary>Sum of squares.</summary>
    SumSquare,
}

/// <summary>Reduces a value over axes, for example to its sum, mean or maximum.</summary>
/// <param name="Reduction">The reduction function.</param>
/// <param name="Axes">
/// Distinct axes to reduce; negative axes count from the end. Must not contain the batch axis of a batched value.
/// Empty: each element is reduced on its own.
/// </param>
/// <param name="KeepAxes">True: reduced axes are kept with length 1; false: they are removed.</param>
public sealed record Reduce(Reduction Reduction, IReadOnlyList<int> Axes, bool KeepAxes = false) : Operator
{
    /// <inheritdoc/>
    public override string Kind => $"Reduce{Reduction}";

    internal override string DefaultName => Reduction.ToString().ToLowerInvariant();

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        int[] axes = [.. Axes.Select(axis => AxisAttributes.Check(x, axis, node))];
        if (axes.Distinct().Count() != axes.Length)
        {
            throw new ShapeMismatchException(node, x, $"a shape and distinct axes (the axes are "
                + $"[{string.Join(", ", Axes)}])");
        }

        var lengths = new List<int>();
        for (int axis = 0; axis < x.Rank; axis++)
        {
            if (!axes.Contains(axis))
            {
                lengths.Add(x[axis]);
            }
            else if (KeepAxes)
            {
                lengths.Add(1);
            }
        }

        return Shape.Create([.. lengths]);
    }

    internal static Func<OperatorAttributes, Reduce> From(Reduction reduction) =>
        attributes => new Reduce(reduction, attributes.Ints("axes"), attributes.Int("keepdims", 1) != 0);

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => Reduction switch
    {
        Reduction.Max or Reduction.Min => OperatorTypes.One(inputs, node, OperatorTypes.Any),
        Reduction.Sum or Reduction.Prod or Reduction.SumSquare =>
            OperatorTypes.One(inputs, node, DType.Float32, DType.Int64, DType.Int32),
        _ => base.InferDType(inputs, node),
    };

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        Axes.All(axis => inputs[0].Shape.IsBehindBatch(axis));

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        int[] reduced = [.. Axes.Select(axis => AxisAttributes.Check(trace.Shapes[0], axis, Kind))];
        AxisChannels[] axes = trace.Keep(reduced);
        return KeepAxes ? axes : [.. axes.Where((_, axis) => !reduced.Contains(axis))];
    }

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        if (Axes.Count == 0)
        {
            return OfOne(x);
        }

        int[] axes = [.. Axes];
        return Reduction switch
        {
            Reduction.L1 => x.Norm(1, axes, KeepAxes),
            Reduction.L2 => x.Norm(2, axes, KeepAxes),
            Reduction.LogSum => x.Sum(axes, KeepAxes).Log(),
            Reduction.LogSumExp => LogSumExp(x, axes),
            Reduction.Max or Reduction.Min when x.DType == DType.Float32 && x.Count == 0 => OfNothing(context),
            Reduction.Max => x.Max(axes, KeepAxes),
            Reduction.Mean => x.Mean(axes, KeepAxes),
            Reduction.Min => x.Min(axes, KeepAxes),
            Reduction.Prod => x.Product(axes, KeepAxes),
            Reduction.Sum => x.Sum(axes, KeepAxes),
            _ => (x * x).Sum(axes, KeepAxes),
        };
    }

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("axes", Axes.ToArray()).With("keepdims", KeepAxes);

    /// <summary>Without axes, each element is reduced on its own.</summary>
    private Tensor OfOne(Tensor x) => Reduction switch
    {
        Reduction.L1 or Reduction.L2 => x.Abs(),
        Reduction.LogSum => x.Log(),
        Reduction.SumSquare => x * x,
        _ => x,
    };

    /// <summary>
    /// Computes m + log Σ exp(x - m) with m the maximum. m can be detached because its gradient cancels out.
    /// </summary>
    private Tensor LogSumExp(Tensor x, int[] axes)
    {
        Tensor largest = x.Max(axes, keepDims: true).Detach().Clamp(-float.MaxValue, float.MaxValue);
        Tensor sum = (x - largest).Exp().Sum(axes, KeepAxes).Log();
        return sum + largest.Reshape(sum.Shape);
    }

    /// <summary>The maximum of no elements is negative infinity; the minimum is positive infinity.</summary>
    private Tensor OfNothing(in NodeContext context) => Tensor.Full(
        InferShape([context.X.Shape], context.Node.Name),
        Reduction == Reduction.Max ? float.NegativeInfinity : float.PositiveInfinity);
}

public sealed partial class Value
{
    /// <summary>Adds the mean over axes.</summary>
    /// <param name="axes">Axes to reduce, without the batch axis; negative axes count from the end.</param>
    /// <param name="keepAxes">True: reduced axes are kept with length 1; false: they are removed.</param>
    /// <param name="name">Name of the node.</param>
    public Value Mean(IReadOnlyList<int> axes, bool keepAxes = false, string? name = null) =>
        Apply(new Reduce(Reduction.Mean, [.. axes], keepAxes), name);
}
