using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>The elements of a network value that are the same for every input, for a batch of one.</summary>
/// <param name="Value">The known elements; zero elsewhere.</param>
/// <param name="Unknown">
/// 1 where an element depends on the input, 0 where it is known; float32 of the same shape.
/// </param>
internal readonly record struct KnownValue(Tensor Value, Tensor Unknown)
{
    internal static KnownValue Nothing(Shape shape, DType type) =>
        new(Tensor.Full(shape, 0f).To(type), Tensor.Full(shape, 1f));

    internal static KnownValue All(Tensor value) => new(value, Tensor.Full(value.Shape, 0f));

    /// <summary>Whether the whole value is the same for every input.</summary>
    internal bool IsKnown => !Unknown.AsSpan<float>().ContainsAnyExcept(0f);

    /// <summary>Whether the whole value is zero for every input.</summary>
    internal bool IsZero =>
        Value.DType == DType.Float32 && IsKnown && !Value.ToRowMajor().AsSpan<float>().ContainsAnyExcept(0f);

    /// <summary>
    /// Returns the known elements of a computed value; elements that are unknown or not finite are zero and marked as
    /// unknown.
    /// </summary>
    internal static KnownValue Of(Tensor value, Tensor unknown)
    {
        if (value.DType != DType.Float32)
        {
            return new KnownValue(value, unknown);
        }

        float[] values = value.ToArray<float>(), marks = unknown.ToArray<float>();
        for (int i = 0; i < values.Length; i++)
        {
            bool isUnknown = marks[i] != 0 || !float.IsFinite(values[i]);
            (values[i], marks[i]) = isUnknown ? (0, 1) : (values[i], 0);
        }

        return new KnownValue(Tensor.From(values, value.Shape), Tensor.From(marks, value.Shape));
    }
}
