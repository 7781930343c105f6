using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>How an ONNX model becomes a network.</summary>
public sealed record OnnxImportOptions
{
    /// <summary>
    /// Values of inputs by name. Where there are any, every input that the network keeps has the shape of its value,
    /// axis 0 included; an input that stands instead of a weight, an axis, a shape, or anything else that a network
    /// fixes, becomes a constant of the network. Empty: shapes are the model's own.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Values { get; init; } =
        new Dictionary<string, Tensor>(StringComparer.Ordinal);

    /// <summary>
    /// Shapes of inputs by name, axis 0 included: where the file leaves the length of an axis open, the network takes
    /// it from here. The rank and the lengths that the file declares behind axis 0 have to agree. Empty: no length is
    /// given.
    /// </summary>
    public IReadOnlyDictionary<string, Shape> Shapes { get; init; } =
        new Dictionary<string, Shape>(StringComparer.Ordinal);

    /// <summary>
    /// Height and width of pictures, in pixels, for inputs of four axes that leave them open; null: none is given.
    /// </summary>
    public (int Height, int Width)? Size { get; init; }

    /// <summary>
    /// Whether axis 0 of the inputs becomes the network's batch, free in length, if no node mixes samples, also where
    /// the file says a length. True unless said otherwise; false keeps the file's length, and <see cref="Batch"/> where
    /// it says none.
    /// </summary>
    public bool FreesBatch { get; init; } = true;

    /// <summary>
    /// Length of axis 0 where the file leaves it open and <see cref="FreesBatch"/> is false; 1 unless said otherwise.
    /// </summary>
    public int Batch { get; init; } = 1;
}
