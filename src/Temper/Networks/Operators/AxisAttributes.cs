using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Attributes and checks shared by operators that work along an axis.</summary>
internal static class AxisAttributes
{
    /// <summary>Reads an attribute as an integer of 1 or more.</summary>
    internal static int Positive(this OperatorAttributes attributes, string name, int? absent = null)
    {
        int value = attributes.Int(name, absent);
        return value > 0
            ? value
            : throw new FormatException($"attribute '{name}' is out of range (got {value}, expected 1 or more)");
    }

    /// <summary>Returns a possibly negative axis as 0 to rank - 1; throws if the shape has no such axis.</summary>
    internal static int Check(Shape shape, int axis, string node)
    {
        int positive = axis < 0 ? axis + shape.Rank : axis;
        return positive >= 0 && positive < shape.Rank
            ? positive
            : throw new ShapeMismatchException(node, shape, $"a shape with axis {axis}");
    }

    /// <summary>True if an axis is not axis 0, the batch; negative axes count from the end.</summary>
    internal static bool IsBehindBatch(this Shape shape, int axis) => (axis < 0 ? axis + shape.Rank : axis) > 0;

    /// <summary>
    /// True if broadcasting inputs keeps samples independent. Each batched input must have the rank of the result, so
    /// that its axis 0 is axis 0 of the result; each other input must have a lower rank or length 1 on axis 0.
    /// </summary>
    internal static bool BroadcastKeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => inputs.All(
        input =>
            input.IsBatched ? input.Shape.Rank == output.Rank : input.Shape.Rank < output.Rank || input.Shape[0] == 1);
}
