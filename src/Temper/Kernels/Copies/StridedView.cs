using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// A strided view of a row-major array, with at most eight axes: the element (i0, i1, ...) is at offset
/// <see cref="Offset"/> + Σ i_k stride_k. Axes of size 1 are dropped, and adjacent axes are merged if they are
/// contiguous.
/// </summary>
internal readonly struct StridedView
{
    /// <summary>Maximum number of axes.</summary>
    internal const int MaxRank = 8;

    private readonly AxisNumbers _sizes;
    private readonly AxisNumbers _strides;

    /// <summary>Creates a view.</summary>
    /// <param name="offset">Offset of the first element in the array.</param>
    /// <param name="sizes">Shape of the view.</param>
    /// <param name="strides">
    /// Stride of each axis in the array; 0 repeats elements, a negative stride reverses them.
    /// </param>
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

    /// <summary>Offset of the first element in the array.</summary>
    internal int Offset { get; }

    /// <summary>Number of axes after merging, at least 1.</summary>
    internal int Rank { get; }

    /// <summary>Number of elements.</summary>
    internal int Length { get; }

    /// <summary>Returns the number of elements along an axis.</summary>
    internal int Size(int axis) => _sizes[axis];

    /// <summary>Returns the stride of an axis.</summary>
    internal int Stride(int axis) => _strides[axis];

    /// <summary>Creates a view with permuted axes of a row-major array of shape <paramref name="shape"/>.</summary>
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
    /// Creates a view of a range of elements along each axis of a row-major array of shape <paramref name="shape"/>.
    /// </summary>
    /// <param name="shape">Shape of the array.</param>
    /// <param name="starts">First index along each axis.</param>
    /// <param name="sizes">Number of elements along each axis.</param>
    /// <param name="steps">Index step along each axis, not 0; empty: all steps are 1.</param>
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
