using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>How an ONNX model becomes a network.</summary>
public sealed record OnnxImportOptions
{
    /// <summary>
    /// Values of inputs by name. Where there are any, every input that the network keeps has the shape of its value, axis 0
    /// included; an input that stands in the place of a weight, an axis, a shape, or anything else that a network fixes, becomes a
    /// constant of the network. Empty: shapes are the model's own.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Values { get; init; } = new Dictionary<string, Tensor>(StringComparer.Ordinal);

    /// <summary>
    /// Whether axis 0 of the inputs becomes the network's batch, free in length, if no node mixes samples, also where the file says
    /// a length. True unless said otherwise; false keeps the file's length, and 1 where it says none.
    /// </summary>
    public bool FreesBatch { get; init; } = true;
}
