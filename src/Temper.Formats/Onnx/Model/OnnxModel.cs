namespace Temper.Formats.Onnx;

/// <summary>The content of an ONNX file, parsed and checked for size, but not interpreted.</summary>
internal sealed record OnnxModel
{
    /// <summary>IR version of the file; 3 or more is supported.</summary>
    internal long IrVersion { get; init; }

    /// <summary>Name of the program that wrote the file.</summary>
    internal string Producer { get; init; } = "";

    /// <summary>Version of each operator set, keyed by domain; the standard domain is the empty string.</summary>
    internal IReadOnlyDictionary<string, long> Opsets { get; init; } =
        new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Metadata: text keyed by name.</summary>
    internal IReadOnlyDictionary<string, string> Metadata { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Names of the functions defined in the model.</summary>
    internal IReadOnlyList<string> Functions { get; init; } = [];

    internal OnnxGraph Graph { get; init; } = new();
}

/// <summary>A graph as stored in the file.</summary>
internal sealed record OnnxGraph
{
    internal string Name { get; init; } = "";

    internal IReadOnlyList<OnnxNode> Nodes { get; init; } = [];

    internal IReadOnlyList<OnnxTensor> Initializers { get; init; } = [];

    internal IReadOnlyList<OnnxSparseTensor> SparseInitializers { get; init; } = [];

    internal IReadOnlyList<OnnxValueInfo> Inputs { get; init; } = [];

    internal IReadOnlyList<OnnxValueInfo> Outputs { get; init; } = [];

    /// <summary>Returns the inputs that have no initializer, in order; the others declare an initializer.</summary>
    internal OnnxValueInfo[] InputsWithoutInitializer()
    {
        var held = Initializers.Select(initializer => initializer.Name)
            .Concat(SparseInitializers.Select(initializer => initializer.Values.Name))
            .ToHashSet(StringComparer.Ordinal);
        return [.. Inputs.Where(input => !held.Contains(input.Name))];
    }
}

/// <summary>A node as stored in the file.</summary>
internal sealed record OnnxNode
{
    internal string Name { get; init; } = "";

    internal string OperatorType { get; init; } = "";

    internal string Domain { get; init; } = "";

    /// <summary>Names of the input values; empty for an omitted optional input.</summary>
    internal IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Names of the output values; empty for an output that is not used.</summary>
    internal IReadOnlyList<string> Outputs { get; init; } = [];

    internal IReadOnlyDictionary<string, OnnxAttribute> Attributes { get; init; } =
        new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
}

/// <summary>
/// An attribute. Its value is a float, long, string, <see cref="OnnxTensor"/>, <see cref="OnnxGraph"/>, or a list of
/// one of the first three types.
/// </summary>
/// <param name="Name">Name of the attribute.</param>
/// <param name="Value">The value; null if it has another type.</param>
internal sealed record OnnxAttribute(string Name, object? Value);

/// <summary>An input or output: name, element type and axes.</summary>
/// <param name="Name">Name of the value.</param>
/// <param name="Type">Element type; undefined if it is not a tensor.</param>
/// <param name="Axes">Length or name of each axis; null if the rank is not declared.</param>
internal sealed record OnnxValueInfo(string Name, OnnxType Type, IReadOnlyList<OnnxAxis>? Axes);

/// <summary>Length of an axis.</summary>
/// <param name="Length">The length; -1 if dynamic.</param>
/// <param name="Name">Name of a dynamic length; axes with equal names have equal lengths.</param>
internal readonly record struct OnnxAxis(long Length, string Name);

/// <summary>ONNX element types, with their numbers in the format.</summary>
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
