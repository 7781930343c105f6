using Temper.Tensors;

namespace Temper.Networks;

/// <summary>An elementwise operator with two inputs, whose shapes broadcast.</summary>
public abstract record BinaryOperator : Operator
{
    /// <inheritdoc/>
    public sealed override (int Min, int Max) InputCount => (2, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        Shape.Broadcast(inputs[0], inputs[1], node);

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) =>
        OperatorTypes.One(inputs, node, OperatorTypes.Numbers);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Broadcast();

    internal sealed override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        AxisAttributes.BroadcastKeepsSamplesApart(inputs, output);
}

/// <summary>Elementwise sum: <c>a + b</c>.</summary>
public sealed record Add : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Add";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] + context.Inputs[1];
}

/// <summary>Elementwise difference: <c>a - b</c>.</summary>
public sealed record Subtract : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Sub";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] - context.Inputs[1];
}

/// <summary>Elementwise product: <c>a b</c>.</summary>
public sealed record Multiply : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Mul";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] * context.Inputs[1];
}

/// <summary>Elementwise quotient: <c>a / b</c>.</summary>
public sealed record Divide : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Div";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] / context.Inputs[1];
}

/// <summary>Elementwise maximum of a and b.</summary>
public sealed record Maximum : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Max";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0].Maximum(context.Inputs[1]);
}

/// <summary>Elementwise minimum of a and b.</summary>
public sealed record Minimum : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Min";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0].Minimum(context.Inputs[1]);
}

/// <summary>Elementwise power: a to the power of b.</summary>
public sealed record Power : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Pow";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0].Pow(context.Inputs[1]);
}

/// <summary>
/// Parametric ReLU (arXiv:1502.01852) of the inputs x and slope: x where x is positive, else <c>slope x</c>. The slope
/// broadcasts to the shape of x.
/// </summary>
public sealed record PRelu : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "PRelu";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        base.InferShape(inputs, node).Equals(inputs[0])
        ? inputs[0]
        : throw new ShapeMismatchException(node, inputs[0], inputs[1], "the slope must broadcast to the first shape");

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) =>
        OperatorTypes.One(inputs, node, DType.Float32);

    internal override Tensor Forward(in NodeContext context) =>
        context.X.Relu() + (context.Inputs[1] * context.X.Clamp(float.NegativeInfinity, 0));
}

/// <summary>Matrix product over the last two axes; leading axes broadcast.</summary>
public sealed record MatMul : Operator
{
    /// <inheritdoc/>
    public override string Kind => "MatMul";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (2, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        (Shape a, Shape b) = (inputs[0], inputs[1]);
        if (a.Rank < 2 || b.Rank < 2 || a[-1] != b[-2])
        {
            throw new ShapeMismatchException(node, a, b, "expected [..., R, K] and [..., K, C]");
        }

        Shape outer = Shape.Broadcast(Shape.Create(a.AsSpan()[..^2]), Shape.Create(b.AsSpan()[..^2]), node);
        return Shape.Create([.. outer.AsSpan(), a[-2], b[-1]]);
    }

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) => (long)output.Count * inputs[0][-1];

    /// <summary>
    /// Rows of the left matrix are independent, so they may be samples; the summed axis and the columns may not.
    /// </summary>
    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output)
    {
        (ValueInfo a, ValueInfo b) = (inputs[0], inputs[1]);
        bool isLeft = a.IsBatched && a.Shape.Rank == output.Rank && !b.IsBatched;
        return isLeft || (output.Rank > 2 && AxisAttributes.BroadcastKeepsSamplesApart(inputs, output));
    }

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        (AxisChannels[] a, AxisChannels[] b) = (trace.Input(0), trace.Input(1));
        trace.Tie(a[^1], b[^2]);
        AxisChannels[] axes = trace.Broadcast(innerAxes: 2);
        (axes[^2], axes[^1]) = (a[^2], b[^1]);
        return axes;
    }

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0].MatMul(context.Inputs[1]);
}

public sealed partial class Value
{
    /// <summary>Adds <c>a + b</c>, for example a residual connection.</summary>
    public static Value operator +(Value a, Value b) => a.Add(b);

    /// <summary>Adds <c>a - b</c>.</summary>
    public static Value operator -(Value a, Value b) => a.Subtract(b);

    /// <summary>Adds the elementwise product <c>a b</c>.</summary>
    public static Value operator *(Value a, Value b) => a.Multiply(b);

    /// <summary>Adds the elementwise quotient <c>a / b</c>.</summary>
    public static Value operator /(Value a, Value b) => a.Divide(b);

    /// <summary>Adds an elementwise sum.</summary>
    /// <param name="other">The second summand; the shapes broadcast.</param>
    /// <param name="name">Name of the node.</param>
    public Value Add(Value other, string? name = null) => Apply(new Add(), name, other);

    /// <summary>Adds an elementwise difference: this value minus another.</summary>
    /// <param name="other">The value to subtract; the shapes broadcast.</param>
    /// <param name="name">Name of the node.</param>
    public Value Subtract(Value other, string? name = null) => Apply(new Subtract(), name, other);

    /// <summary>Adds an elementwise product.</summary>
    /// <param name="other">The second factor; the shapes broadcast.</param>
    /// <param name="name">Name of the node.</param>
    public Value Multiply(Value other, string? name = null) => Apply(new Multiply(), name, other);

    /// <summary>Adds an elementwise quotient: this value divided by another.</summary>
    /// <param name="other">The divisor; the shapes broadcast.</param>
    /// <param name="name">Name of the node.</param>
    public Value Divide(Value other, string? name = null) => Apply(new Divide(), name, other);

    /// <summary>Adds a matrix product over the last two axes.</summary>
    /// <param name="other">The right factor, <c>[N, ..., K, C]</c> for this value <c>[N, ..., R, K]</c>.</param>
    /// <param name="name">Name of the node.</param>
    public Value MatMul(Value other, string? name = null) => Apply(new MatMul(), name, other);
}
