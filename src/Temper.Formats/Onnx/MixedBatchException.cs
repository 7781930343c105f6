namespace Temper.Formats.Onnx;

/// <summary>
/// An ONNX model that leaves the number of samples open, but has a node whose result for one sample depends on the
/// others. It becomes a network only for a given number of samples: <see cref="OnnxImportOptions.FreesBatch"/> false,
/// with <see cref="OnnxImportOptions.Batch"/> or <see cref="OnnxImportOptions.Values"/>.
/// </summary>
public sealed class MixedBatchException : ModelFormatException
{
    /// <summary>Tells which node needs the other samples.</summary>
    /// <param name="file">The file's path or name.</param>
    /// <param name="node">The node's name in the file.</param>
    /// <param name="reason">The node with its operator, and what it does.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public MixedBatchException(string file, string node, string reason, Exception? innerException = null)
        : base(
            file, 0,
            $"ONNX: {reason}, so samples of a batch are not kept apart, and the file leaves their number open; "
            + "run it with temper predict, which takes them together, or export the model with samples kept apart or "
                + "with a fixed batch", innerException) => Node = node;

    /// <summary>The node's name in the file.</summary>
    public string Node { get; }
}
