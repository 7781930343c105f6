namespace Temper.Formats.Onnx;

/// <summary>An ONNX file as it stands, parsed and bounded, not yet understood.</summary>
internal sealed record OnnxModel
{
    /// <summary>Version of the format, 3 or more for files that can be read.</summary>
    internal long IrVersion { get; init; }

    /// <summary>Program that made it.</summary>
    internal string Producer { get; init; } = "";

    /// <summary>Version of each operator set by its domain; the standard one's domain is empty.</summary>
    internal IReadOnlyDictionary<string, long> Opsets { get; init; } =
        new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Free texts.</summary>
    internal IReadOnlyDictionary<string, string> Metadata { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Names of functions that the model brings along.</summary>
    internal IReadOnlyList<string> Functions { get; init; } = [];

    internal OnnxGraph Graph { get; init; } = new();
}

/// <summary>A graph as it stands in the file.</summary>
internal sealed record OnnxGraph
{
    internal string Name { get; init; } = "";

    internal IReadOnlyList<OnnxNode> Nodes { get; init; } = [];

    internal IReadOnlyList<OnnxTensor> Initializers { get; init; } = [];

    internal IReadOnlyList<OnnxSparseTensor> SparseInitializers { get; init; } = [];

    internal IReadOnlyList<OnnxValueInfo> Inputs { get; init; } = [];

    internal IReadOnlyList<OnnxValueInfo> Outputs { get; init; } = [];
}

/// <summary>A node as it stands in the file.</summary>
internal sealed record OnnxNode
{
    internal string Name { get; init; } = "";

    internal string OperatorType { get; init; } = "";

    internal string Domain { get; init; } = "";

    /// <summary>Names of values; empty where an optional input is left out.</summary>
    internal IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Names of values; empty where an output is not wanted.</summary>
    internal IReadOnlyList<string> Outputs { get; init; } = [];

    internal IReadOnlyDictionary<string, OnnxAttribute> Attributes { get; init; } =
        new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
}

/// <summary>
/// An attribute: a float, long, string, <see cref="OnnxTensor"/>, or a list of the first three; null: another kind.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
internal sealed record OnnxAttribute(string Name, object? Value);

/// <summary>An input or output: its name, element type, and axes where the file says them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type; undefined where it is no tensor.</param>
/// <param name="Axes">Length or name of each axis; null: not even their number is said.</param>
internal sealed record OnnxValueInfo(string Name, OnnxType Type, IReadOnlyList<OnnxAxis>? Axes);

/// <summary>Length of an axis.</summary>
/// <param name="Length">The length; -1: free.</param>
/// <param name="Name">Name of a free length; equal names are equal lengths.</param>
internal readonly record struct OnnxAxis(long Length, string Name);

/// <summary>ONNX's element types by their numbers.</summary>
internal enum OnnxType
{
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Double = 11,
    UInt32 = 12,
    UInt64 = 13,
    Complex64 = 14,
    Complex128 = 15,
    BFloat16 = 16,
    Float8E4M3FN = 17,
    Float8E4M3FNUZ = 18,
    Float8E5M2 = 19,
    Float8E5M2FNUZ = 20,
    UInt4 = 21,
    Int4 = 22,
    Float4E2M1 = 23,
    Float8E8M0 = 24,
    UInt2 = 25,
    Int2 = 26,
}
