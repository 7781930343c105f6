namespace Temper.Kernels;

/// <summary>
/// Operations applied to each sum of byte products, in this order: multiply by the scale of the output channel and add
/// the bias, round to the grid <see cref="Inner"/>, add the residual, ReLU, round to the grid <see cref="Result"/>.
/// </summary>
internal readonly record struct Int8Tail
{
    /// <summary>Grid to which the value is rounded before the residual is added; null: no rounding.</summary>
    internal ByteGrid? Inner { get; init; }

    /// <summary>Bytes that are added, in the layout of the result; a null address: none.</summary>
    internal FloatAddress Residual { get; init; }

    /// <summary>Quantization grid of the residual.</summary>
    internal ByteGrid ResidualGrid { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Quantization grid of the result, which is then bytes; null: the result is floats.</summary>
    internal ByteGrid? Result { get; init; }
}
