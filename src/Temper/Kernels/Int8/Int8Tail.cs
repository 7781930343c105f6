namespace Temper.Kernels;

/// <summary>
/// What is done to each sum of a product of bytes, in this order: times the scale of its output plus bias, rounded to
/// the grid <see cref="Inner"/>, the residual added, ReLU, rounded to the grid <see cref="Result"/>.
/// </summary>
internal readonly record struct Int8Tail
{
    /// <summary>The grid of what the residual is added to; null: it is not rounded before.</summary>
    internal ByteGrid? Inner { get; init; }

    /// <summary>Bytes that are added, in the order of the result; null: nothing is.</summary>
    internal FloatAddress Residual { get; init; }

    /// <summary>The residual's grid.</summary>
    internal ByteGrid ResidualGrid { get; init; }

    internal bool Relu { get; init; }

    /// <summary>The grid of the result, which is then bytes; null: it is floats.</summary>
    internal ByteGrid? Result { get; init; }
}
