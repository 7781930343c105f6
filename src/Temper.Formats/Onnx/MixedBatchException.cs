namespace Temper.Formats.Onnx;

/// <summary>
/// Thrown for an ONNX model with a dynamic number of samples in which the result for one sample depends on others. Such
/// a model can be imported only for a fixed number of samples: set <see cref="OnnxImportOptions.FreesBatch"/> to false,
/// with <see cref="OnnxImportOptions.Batch"/> or <see cref="OnnxImportOptions.Values"/>.
/// </summary>
public sealed class MixedBatchException : ModelFormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="file">Path or name of the file.</param>
    /// <param name="node">Name of the node in the file.</param>
    /// <param name="reason">The node with its operator, and what it does.</param>
    /// <param name="innerException">The exception that was caught; null if none.</param>
    public MixedBatchException(string file, string node, string reason, Exception? innerException = null)
        : base(
            file,
            $"ONNX: {reason}, so the results of samples depend on each other, but the number of samples is dynamic; "
            + "run it with temper predict, which runs all samples as one batch, or export the model with independent "
            + "samples or with a fixed batch", innerException) => Node = node;

    /// <summary>Name of the node in the file.</summary>
    public string Node { get; }
}
