using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// A value that is known at import time: an initializer, a constant, a shape, or a value computed from these.
/// </summary>
/// <remarks>
/// Values computed from the size of a free batch are computed for two batch sizes. If the results agree, the value does
/// not depend on the batch. If they differ, a length that equals both batch sizes is the batch, and identical rows are
/// one row per sample.
/// </remarks>
/// <param name="Name">Name of the initializer that it is or comes from; otherwise the name of the value.</param>
/// <param name="First">The value for the first batch size.</param>
/// <param name="Second">The value for the second batch size; the same object if it does not depend on the
/// batch.</param>
/// <param name="IsFromInitializer">Whether it is a float initializer or comes from one.</param>
internal sealed record Known(string Name, Tensor First, Tensor Second, bool IsFromInitializer = false)
{
    internal bool IsFixed => ReferenceEquals(First, Second);

    /// <summary>
    /// Whether training changes it. A scalar is a number of a formula, such as the epsilon of a normalization or the
    /// cube in GELU: one step of training can make the epsilon negative and its root NaN.
    /// </summary>
    internal bool IsTrainable => IsFromInitializer && First.Rank > 0;

    /// <summary>Element type in the file; it can be more specific than the dtype of the tensor.</summary>
    internal OnnxType Type
    {
        get => field == OnnxType.Undefined ? ExportOperators.TypeOf(First.DType) : field;
        init;
    }

    /// <summary>
    /// Scales, and the axis they belong to, if the value is int8 times scales (one scale, or one per index of the
    /// axis); else null.
    /// </summary>
    internal (Tensor Scales, int Axis)? Int8 { get; init; }

    /// <summary>Returns one scale per index of an axis if the value is int8 times such scales; else null.</summary>
    internal Tensor? Int8Scales(int axis) => Int8 is not { } bytes || axis >= First.Rank ? null
        : bytes.Scales.Count == 1 ? bytes.Scales.Reshape([1]).Expand([First.Shape[axis]]).ToRowMajor().Detach()
        : bytes.Axis == axis && bytes.Scales.Count == First.Shape[axis] ? bytes.Scales
        : null;

    /// <summary>Creates a value that does not depend on the batch.</summary>
    internal static Known Of(string name, Tensor value, bool isFromInitializer = false) =>
        new(name, value, value, isFromInitializer);

    /// <summary>Creates a value from its results for both batch sizes; it is fixed if they are equal.</summary>
    internal static Known Of(string name, Tensor first, Tensor second, bool isFromInitializer) =>
        AreEqual(first, second) ? Of(name, first, isFromInitializer)
        : new Known(name, first, second, isFromInitializer);

    /// <summary>Whether two tensors have the same shape, dtype and values.</summary>
    internal static bool AreEqual(Tensor first, Tensor second) => first.DType == second.DType
        && first.Shape.Equals(second.Shape)
        && Elements.Write(first).SequenceEqual(Elements.Write(second));
}
