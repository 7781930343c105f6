using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Attributes and checks that operators along axes have in common.</summary>
internal static class AxisAttributes
{
    /// <summary>A whole number, one or more.</summary>
    internal static int Positive(this OperatorAttributes attributes, string name, int? absent = null)
    {
        int value = attributes.Int(name, absent);
        return value > 0
            ? value
            : throw new FormatException($"attribute '{name}' does not fit (got {value}, expected 1 or more)");
    }

    /// <summary>The axis as 0 to rank - 1.</summary>
    internal static int Check(Shape shape, int axis, string node)
    {
        int positive = axis < 0 ? axis + shape.Rank : axis;
        return positive >= 0 && positive < shape.Rank
            ? positive
            : throw new ShapeMismatchException(node, shape, $"a shape with axis {axis}");
    }

    /// <summary>Whether an axis of a shape that has it is not the first.</summary>
    internal static bool IsBehindBatch(this Shape shape, int axis) => (axis < 0 ? axis + shape.Rank : axis) > 0;

    /// <summary>
    /// Whether inputs that broadcast keep samples apart: a batched one has all axes of the result, so that its axis 0
    /// meets the result's; another one does not reach that axis, or has length 1 there.
    /// </summary>
    internal static bool BroadcastKeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => inputs.All(
        input =>
            input.IsBatched ? input.Shape.Rank == output.Rank : input.Shape.Rank < output.Rank || input.Shape[0] == 1);
}
