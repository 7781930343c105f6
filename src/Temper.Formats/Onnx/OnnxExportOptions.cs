namespace Temper.Formats.Onnx;

/// <summary>Options for exporting a network to ONNX.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>Version of the operator set, 13 to 21. Default 17.</summary>
    public int Opset { get; init; } = 17;

    /// <summary>
    /// Whether batch normalizations are folded into the preceding layers where possible. Default false.
    /// </summary>
    public bool FoldsNormalization { get; init; }

    /// <summary>
    /// Whether parameters that are at least half zero are written as sparse initializers (values and indices). This
    /// makes the file smaller. Runtimes without sparse kernels, such as ONNX Runtime on CPUs, expand them when they
    /// load the model. Default false.
    /// </summary>
    public bool SparseInitializers { get; init; }
}
