namespace Temper.Formats.Onnx;

/// <summary>How a network becomes an ONNX model.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>Version of the operator set, 13 to 21; 17 unless said otherwise.</summary>
    public int Opset { get; init; } = 17;

    /// <summary>Whether to fold batch normalizations into the layers before them where possible.</summary>
    public bool FoldsNormalization { get; init; }

    /// <summary>
    /// Whether parameters of which at least half is zero are written as sparse initializers: their values and indices.
    /// The file becomes smaller; a runtime that has no sparse kernels, as ONNX Runtime on processors, expands them when
    /// it loads the model.
    /// </summary>
    public bool SparseInitializers { get; init; }
}
