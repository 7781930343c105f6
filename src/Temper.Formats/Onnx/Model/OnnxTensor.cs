namespace Temper.Formats.Onnx;

/// <summary>
/// A tensor as stored in the file: the position of its raw data, or its values if they are stored as numbers.
/// </summary>
internal sealed record OnnxTensor
{
    internal string Name { get; init; } = "";

    internal OnnxType Type { get; init; }

    internal IReadOnlyList<long> Dims { get; init; } = [];

    /// <summary>Offset of the little-endian raw data in the file; -1 if there is none.</summary>
    internal long RawOffset { get; init; } = -1;

    /// <summary>Length of the raw data in bytes.</summary>
    internal long RawLength { get; init; }

    /// <summary>Values stored as floats.</summary>
    internal IReadOnlyList<float> Floats { get; init; } = [];

    /// <summary>Values stored as doubles.</summary>
    internal IReadOnlyList<double> Doubles { get; init; } = [];

    /// <summary>Values stored as varints.</summary>
    internal IReadOnlyList<long> Integers { get; init; } = [];

    /// <summary>
    /// Position of the data in an external file: <c>location</c>, <c>offset</c>, <c>length</c>; null if it is in this
    /// file.
    /// </summary>
    internal IReadOnlyDictionary<string, string>? External { get; init; }
}

/// <summary>A tensor of which only the nonzero elements are stored.</summary>
/// <param name="Values">The nonzero elements, <c>[n]</c>; its name is the name of the tensor.</param>
/// <param name="Indices">Their indices in row-major order <c>[n]</c>, or along each axis <c>[n, rank]</c>.</param>
/// <param name="Dims">Shape of the dense tensor.</param>
internal sealed record OnnxSparseTensor(OnnxTensor Values, OnnxTensor Indices, IReadOnlyList<long> Dims);
