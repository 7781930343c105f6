using Temper.Tensors;

namespace Temper.Networks;

/// <summary>How two values are compared; the names are those of ONNX.</summary>
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

/// <summary>Truth values of a comparison of two values of one dtype, which broadcast.</summary>
/// <param name="Comparison">Which.</param>
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

/// <summary>How two truth values are joined; the names are those of ONNX.</summary>
public enum LogicalFunction
{
    /// <summary>Both.</summary>
    And,

    /// <summary>One or both.</summary>
    Or,

    /// <summary>One, not both.</summary>
    Xor,
}

/// <summary>Truth values joined, element by element; shapes broadcast.</summary>
/// <param name="Function">Which.</param>
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

/// <summary>Inputs: truth values, what to take where true, what to take elsewhere; shapes broadcast.</summary>
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
