namespace Temper.Formats.Onnx;

/// <summary>
/// A tensor as it stands in the file: where its numbers are, or the numbers if they are written one by one.
/// </summary>
internal sealed record OnnxTensor
{
    internal string Name { get; init; } = "";

    internal OnnxType Type { get; init; }

    internal IReadOnlyList<long> Dims { get; init; } = [];

    /// <summary>Where in the file its little-endian bytes begin; -1: they are not written so.</summary>
    internal long RawOffset { get; init; } = -1;

    /// <summary>How many bytes.</summary>
    internal long RawLength { get; init; }

    /// <summary>Numbers written as floats.</summary>
    internal IReadOnlyList<float> Floats { get; init; } = [];

    /// <summary>Numbers written as doubles.</summary>
    internal IReadOnlyList<double> Doubles { get; init; } = [];

    /// <summary>Numbers written as integers of variable length.</summary>
    internal IReadOnlyList<long> Integers { get; init; } = [];

    /// <summary>
    /// Where the numbers are if in a file of their own: <c>location</c>, <c>offset</c>, <c>length</c>; null: in this
    /// one.
    /// </summary>
    internal IReadOnlyDictionary<string, string>? External { get; init; }
}

/// <summary>A tensor of which only the elements that are not zero are written.</summary>
/// <param name="Values">Those elements, <c>[n]</c>; the name is the tensor's.</param>
/// <param name="Indices">Their indices in row-major order <c>[n]</c>, or along each axis <c>[n, rank]</c>.</param>
/// <param name="Dims">Shape of the whole.</param>
internal sealed record OnnxSparseTensor(OnnxTensor Values, OnnxTensor Indices, IReadOnlyList<long> Dims);
