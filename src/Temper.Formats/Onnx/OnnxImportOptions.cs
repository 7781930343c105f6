using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Options for importing an ONNX model.</summary>
public sealed record OnnxImportOptions
{
    /// <summary>
    /// Values of inputs, keyed by name. If any are given, every remaining input of the network has the shape of its
    /// value, including axis 0. An input that is used as a weight, an axis, a shape, or anything else that must be
    /// known at import time becomes a constant of the network. Empty: the shapes declared in the model are used.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Values { get; init; } =
        new Dictionary<string, Tensor>(StringComparer.Ordinal);

    /// <summary>
    /// Shapes of inputs, keyed by name, including axis 0. They set the lengths of axes that are dynamic in the file.
    /// The rank, and the lengths that the file declares after axis 0, must match. Default empty.
    /// </summary>
    public IReadOnlyDictionary<string, Shape> Shapes { get; init; } =
        new Dictionary<string, Shape>(StringComparer.Ordinal);

    /// <summary>
    /// Height and width of pictures in pixels, for rank-4 inputs in which they are dynamic. Default null: not given.
    /// </summary>
    public (int Height, int Width)? Size { get; init; }

    /// <summary>
    /// Whether axis 0 of the inputs becomes the network's batch, of any size, if no node mixes samples, even if the
    /// file declares a fixed length (the same for all inputs with two or more axes). If false, the file's length is
    /// kept, or <see cref="Batch"/> is used if it is dynamic. Default true.
    /// </summary>
    public bool FreesBatch { get; init; } = true;

    /// <summary>
    /// Length of axis 0 if it is dynamic in the file and <see cref="FreesBatch"/> is false. Default 1.
    /// </summary>
    public int Batch { get; init; } = 1;
}
