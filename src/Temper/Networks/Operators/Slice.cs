using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Part of an axis: from start up to but not including end, every step-th.</summary>
/// <param name="Axis">The axis, not the batch.</param>
/// <param name="Start">First place; negative counts from the end.</param>
/// <param name="End">Place behind the last; negative counts from the end; beyond the end means the end.</param>
/// <param name="Step">Distance of two places, 1 or more.</param>
public sealed record Slice(int Axis, int Start = 0, int End = int.MaxValue, int Step = 1) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Slice";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        (int start, int end) = Range(inputs[0][axis]);
        return Step >= 1 && end > start
            ? inputs[0].With(axis, ((end - start - 1) / Step) + 1)
            : throw new ShapeMismatchException(node, inputs[0], $"an axis {Axis} that reaches from {Start} to {End} in steps of {Step}");
    }

    internal static Slice From(OperatorAttributes attributes) => new(
        attributes.Int("axis"), attributes.Int("start", 0), attributes.Int("end", int.MaxValue), attributes.Positive("step", 1));

    internal override Tensor Forward(in NodeContext context)
    {
        (int start, int end) = Range(context.X.Shape[Axis]);
        return context.X.Slice(Axis, start, end, Step);
    }

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("axis", Axis).With("start", Start).With("end", End).With("step", Step);

    private (int Start, int End) Range(int length) => (Place(Start, length), Place(End, length));

    private static int Place(int place, int length) => Math.Clamp(place < 0 ? place + length : place, 0, length);
}

public sealed partial class Value
{
    /// <summary>Adds a part of an axis.</summary>
    /// <param name="axis">The axis, not the batch.</param>
    /// <param name="start">First place; negative counts from the end.</param>
    /// <param name="end">Place behind the last; negative counts from the end.</param>
    /// <param name="step">Distance of two places, 1 or more.</param>
    /// <param name="name">Name of the node.</param>
    public Value Slice(int axis, int start = 0, int end = int.MaxValue, int step = 1, string? name = null) =>
        Apply(new Slice(axis, start, end, step), name);
}
