using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Comparison of two values; the names are those of ONNX.</summary>
public enum Comparison
{
    /// <summary>a = b.</summary>
    Equal,

    /// <summary>a &gt; b.</summary>
    Greater,

    /// <summary>a ≥ b.</summary>
    GreaterOrEqual,

    /// <summary>a &lt; b.</summary>
    Less,

    /// <summary>a ≤ b.</summary>
    LessOrEqual,
}

/// <summary>
/// Elementwise comparison of two values of the same dtype; the result is Boolean and shapes broadcast.
/// </summary>
/// <param name="Comparison">The comparison to make.</param>
public sealed record Compare(Comparison Comparison) : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => Comparison.ToString();

    /// <inheritdoc/>
    public override bool IsDifferentiable => false;

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        OperatorTypes.One(inputs, node, Comparison == Comparison.Equal ? OperatorTypes.Any : OperatorTypes.Numbers);
        return DType.Bool;
    }

    internal override Tensor Forward(in NodeContext context)
    {
        (Tensor a, Tensor b) = (context.Inputs[0], context.Inputs[1]);
        return Comparison switch
        {
            Comparison.Equal => a.EqualTo(b),
            Comparison.Greater => a.GreaterThan(b),
            Comparison.GreaterOrEqual => a.GreaterThanOrEqualTo(b),
            Comparison.Less => a.LessThan(b),
            _ => a.LessThanOrEqualTo(b),
        };
    }
}

/// <summary>Logical function of two Boolean values; the names are those of ONNX.</summary>
public enum LogicalFunction
{
    /// <summary>True if both are true.</summary>
    And,

    /// <summary>True if at least one is true.</summary>
    Or,

    /// <summary>True if exactly one is true.</summary>
    Xor,
}

/// <summary>Elementwise logical function of two Boolean values; shapes broadcast.</summary>
/// <param name="Function">The function to apply.</param>
public sealed record Logical(LogicalFunction Function) : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => Function.ToString();

    /// <inheritdoc/>
    public override bool IsDifferentiable => false;

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) =>
        OperatorTypes.One(inputs, node, DType.Bool);

    internal override Tensor Forward(in NodeContext context) => Function switch
    {
        LogicalFunction.And => context.Inputs[0].And(context.Inputs[1]),
        LogicalFunction.Or => context.Inputs[0].Or(context.Inputs[1]),
        _ => context.Inputs[0].Xor(context.Inputs[1]),
    };
}

/// <summary>
/// Elementwise selection. Inputs: a Boolean condition, the values where it is true, and the values where it is false;
/// shapes broadcast.
/// </summary>
public sealed record Where : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Where";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (3, 3);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        Shape.Broadcast(Shape.Broadcast(inputs[0], inputs[1], node), inputs[2], node);

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        OperatorTypes.One([inputs[0]], node, DType.Bool);
        return OperatorTypes.One([inputs[1], inputs[2]], node, OperatorTypes.Any);
    }

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        AxisAttributes.BroadcastKeepsSamplesApart(inputs, output);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Broadcast();

    internal override Tensor Forward(in NodeContext context) =>
        context.Inputs[1].Where(context.Inputs[0], context.Inputs[2]);
}
