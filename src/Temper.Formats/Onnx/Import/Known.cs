using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// A value that is known while the model is read: an initializer, a constant, a shape, or what follows from them.
/// </summary>
/// <remarks>
/// What follows from the length of a free batch is computed for two lengths. Where the two agree, the value does not
/// depend on the batch; where they differ, a length that equals both is the batch, and rows that are all the same are
/// one row for each sample.
/// </remarks>
/// <param name="Name">Name of the initializer that it is or comes from; the value's own name elsewhere.</param>
/// <param name="First">The value for the first length.</param>
/// <param name="Second">The value for the second length; the same object where it does not depend on the batch.</param>
/// <param name="IsTrainable">Whether it is, or comes from, an initializer of floats.</param>
internal sealed record Known(string Name, Tensor First, Tensor Second, bool IsTrainable = false)
{
    internal bool IsFixed => ReferenceEquals(First, Second);

    /// <summary>Its element type in the file, where that tells more than the dtype it was converted to.</summary>
    internal OnnxType Type
    {
        get => field == OnnxType.Undefined ? ExportOperators.TypeOf(First.DType) : field;
        init;
    }

    /// <summary>
    /// Where it is signed bytes times scales: one scale, or one for each index of an axis; null elsewhere.
    /// </summary>
    internal (Tensor Scales, int Axis)? Int8 { get; init; }

    /// <summary>The scale of each index of an axis; null where the value is not signed bytes times those.</summary>
    internal Tensor? Int8Scales(int axis) => Int8 is not { } bytes || axis >= First.Rank ? null
        : bytes.Scales.Count == 1 ? bytes.Scales.Reshape([1]).Expand([First.Shape[axis]]).ToRowMajor().Detach()
        : bytes.Axis == axis && bytes.Scales.Count == First.Shape[axis] ? bytes.Scales
        : null;

    /// <summary>A value that does not depend on the batch.</summary>
    internal static Known Of(string name, Tensor value, bool isTrainable = false) =>
        new(name, value, value, isTrainable);

    /// <summary>A value for both lengths; where they agree it is fixed.</summary>
    internal static Known Of(string name, Tensor first, Tensor second, bool isTrainable) => AreEqual(first, second)
        ? Of(name, first, isTrainable)
        : new Known(name, first, second, isTrainable);

    /// <summary>Whether two tensors are the same in shape, dtype and numbers.</summary>
    internal static bool AreEqual(Tensor first, Tensor second) => first.DType == second.DType
        && first.Shape.Equals(second.Shape)
        && Elements.Write(first).SequenceEqual(Elements.Write(second));
}
