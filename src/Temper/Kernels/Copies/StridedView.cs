using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// A part of a row-major array seen through strides, up to eight axes: the element at (i0, i1, ...) stands at
/// <see cref="Offset"/> + Σ i_k stride_k. Axes of size 1 are dropped and neighbours that run on are merged.
/// </summary>
internal readonly struct StridedView
{
    /// <summary>Largest rank.</summary>
    internal const int MaxRank = 8;

    private readonly AxisNumbers _sizes;
    private readonly AxisNumbers _strides;

    /// <summary>A view.</summary>
    /// <param name="offset">Where its first element stands.</param>
    /// <param name="sizes">Its shape.</param>
    /// <param name="strides">Step of each axis in the array; 0 repeats, negative goes back.</param>
    internal StridedView(int offset, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides)
    {
        if (sizes.Length > MaxRank)
        {
            throw new ArgumentException(
                $"strided view: too many axes (got {sizes.Length}, expected at most {MaxRank})");
        }

        int rank = 0, length = 1;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            length = checked(length * sizes[axis]);
            if (sizes[axis] == 1)
            {
                continue;
            }

            if (rank > 0 && _strides[rank - 1] == strides[axis] * sizes[axis])
            {
                _sizes[rank - 1] *= sizes[axis];
                _strides[rank - 1] = strides[axis];
                continue;
            }

            (_sizes[rank], _strides[rank]) = (sizes[axis], strides[axis]);
            rank++;
        }

        if (rank == 0)
        {
            (_sizes[0], _strides[0]) = (1, 1);
            rank = 1;
        }

        (Offset, Rank, Length) = (offset, rank, length);
    }

    /// <summary>Where the first element stands.</summary>
    internal int Offset { get; }

    /// <summary>Merged axes, at least 1.</summary>
    internal int Rank { get; }

    /// <summary>Elements.</summary>
    internal int Length { get; }

    /// <summary>Elements along an axis.</summary>
    internal int Size(int axis) => _sizes[axis];

    /// <summary>Step of an axis.</summary>
    internal int Stride(int axis) => _strides[axis];

    /// <summary>
    /// The view of a row-major array of shape <paramref name="shape"/> with its axes in another order.
    /// </summary>
    internal static StridedView Permuted(ReadOnlySpan<int> shape, ReadOnlySpan<int> order)
    {
        Span<int> strides = stackalloc int[shape.Length];
        RowMajorStrides(shape, strides);
        Span<int> sizes = stackalloc int[shape.Length], steps = stackalloc int[shape.Length];
        for (int axis = 0; axis < order.Length; axis++)
        {
            (sizes[axis], steps[axis]) = (shape[order[axis]], strides[order[axis]]);
        }

        return new StridedView(0, sizes, steps);
    }

    /// <summary>
    /// The view of a row-major array of shape <paramref name="shape"/> that takes some elements of each axis.
    /// </summary>
    /// <param name="shape">Shape of the array.</param>
    /// <param name="starts">First index an axis.</param>
    /// <param name="sizes">How many an axis.</param>
    /// <param name="steps">Distance an axis, not zero; empty: all 1.</param>
    internal static StridedView Sliced(
        ReadOnlySpan<int> shape, ReadOnlySpan<int> starts, ReadOnlySpan<int> sizes, ReadOnlySpan<int> steps)
    {
        Span<int> strides = stackalloc int[shape.Length];
        RowMajorStrides(shape, strides);
        int offset = 0;
        for (int axis = 0; axis < shape.Length; axis++)
        {
            offset += starts[axis] * strides[axis];
            strides[axis] *= steps.IsEmpty ? 1 : steps[axis];
        }

        return new StridedView(offset, sizes, strides);
    }

    private static void RowMajorStrides(ReadOnlySpan<int> shape, Span<int> strides)
    {
        for (int axis = shape.Length - 1, stride = 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }
    }

    [InlineArray(MaxRank)]
    private struct AxisNumbers
    {
        private int _first;
    }
}
