using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Attributes and checks that operators along axes have in common.</summary>
internal static class AxisAttributes
{
    /// <summary>A whole number, one or more.</summary>
    internal static int Positive(this OperatorAttributes attributes, string name, int? absent = null)
    {
        int value = attributes.Int(name, absent);
        return value > 0 ? value : throw new FormatException($"attribute '{name}' does not fit (got {value}, expected 1 or more)");
    }

    /// <summary>The axis as 1 to rank - 1; the batch axis is refused.</summary>
    internal static int Check(Shape shape, int axis, string node)
    {
        int positive = axis < 0 ? axis + shape.Rank : axis;
        return positive > 0 && positive < shape.Rank
            ? positive
            : throw new ShapeMismatchException(node, shape, $"a shape with axis {axis} that is not axis 0, the batch");
    }
}
