using Temper.Tensors;

namespace Temper.Networks;

/// <summary>An operator of two values that broadcast to one shape.</summary>
public abstract record BinaryOperator : Operator
{
    /// <inheritdoc/>
    public sealed override (int Least, int Most) InputCount => (2, 2);

    /// <inheritdoc/>
    public sealed override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => inputs[0].Rank == inputs[1].Rank
        ? Shape.Broadcast(inputs[0], inputs[1], node)
        : throw new ShapeMismatchException(node, inputs[0], inputs[1], "both need the same number of axes, the batch first");
}

/// <summary><c>a + b</c>.</summary>
public sealed record Add : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Add";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] + context.Inputs[1];
}

/// <summary><c>a - b</c>.</summary>
public sealed record Subtract : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Sub";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] - context.Inputs[1];
}

/// <summary><c>a b</c>, element by element.</summary>
public sealed record Multiply : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Mul";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] * context.Inputs[1];
}

/// <summary><c>a / b</c>, element by element.</summary>
public sealed record Divide : BinaryOperator
{
    /// <inheritdoc/>
    public override string Kind => "Div";

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0] / context.Inputs[1];
}

/// <summary>Matrix product of the last two axes; axes before them broadcast.</summary>
public sealed record MatMul : Operator
{
    /// <inheritdoc/>
    public override string Kind => "MatMul";

    /// <inheritdoc/>
    public override (int Least, int Most) InputCount => (2, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        (Shape a, Shape b) = (inputs[0], inputs[1]);
        if (a.Rank < 3 || b.Rank != a.Rank || a[-1] != b[-2])
        {
            throw new ShapeMismatchException(node, a, b, "expected [N, ..., R, K] and [N, ..., K, C]");
        }

        Shape outer = Shape.Broadcast(Shape.Create(a.AsSpan()[..^2]), Shape.Create(b.AsSpan()[..^2]), node);
        return Shape.Create([.. outer.AsSpan(), a[-2], b[-1]]);
    }

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) => (long)output.Count * inputs[0][-1];

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0].MatMul(context.Inputs[1]);
}

public sealed partial class Value
{
    /// <summary>Adds <c>a + b</c>: a residual connection, for one.</summary>
    public static Value operator +(Value a, Value b) => a.Add(b);

    /// <summary>Adds <c>a - b</c>.</summary>
    public static Value operator -(Value a, Value b) => a.Subtract(b);

    /// <summary>Adds <c>a b</c>, element by element.</summary>
    public static Value operator *(Value a, Value b) => a.Multiply(b);

    /// <summary>Adds <c>a / b</c>, element by element.</summary>
    public static Value operator /(Value a, Value b) => a.Divide(b);

    /// <summary>Adds a sum.</summary>
    /// <param name="other">The other summand, of a shape that broadcasts.</param>
    /// <param name="name">Name of the node.</param>
    public Value Add(Value other, string? name = null) => Apply(new Add(), name, other);

    /// <summary>Adds a difference.</summary>
    /// <param name="other">What is taken away, of a shape that broadcasts.</param>
    /// <param name="name">Name of the node.</param>
    public Value Subtract(Value other, string? name = null) => Apply(new Subtract(), name, other);

    /// <summary>Adds a product, element by element.</summary>
    /// <param name="other">The other factor, of a shape that broadcasts.</param>
    /// <param name="name">Name of the node.</param>
    public Value Multiply(Value other, string? name = null) => Apply(new Multiply(), name, other);

    /// <summary>Adds a quotient, element by element.</summary>
    /// <param name="other">The divisor, of a shape that broadcasts.</param>
    /// <param name="name">Name of the node.</param>
    public Value Divide(Value other, string? name = null) => Apply(new Divide(), name, other);

    /// <summary>Adds a matrix product of the last two axes.</summary>
    /// <param name="other">The right factor, <c>[N, ..., K, C]</c> for this value <c>[N, ..., R, K]</c>.</param>
    /// <param name="name">Name of the node.</param>
    public Value MatMul(Value other, string? name = null) => Apply(new MatMul(), name, other);
}
