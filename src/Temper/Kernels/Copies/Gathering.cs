namespace Temper.Kernels;

/// <summary>
/// Copies by index along the middle axis of <c>[outer, axis, inner]</c>, and the sums that are their gradients.
/// </summary>
/// <remarks>
/// Values are summed in the order of the indices, so repeated indices always give bitwise identical results.
/// </remarks>
internal static class Gathering
{
    /// <summary>Computes <c>y[o, k, i] = x[o, index[k], i]</c>.</summary>
    internal static void Rows<T>(ReadOnlySpan<T> x, ReadOnlySpan<long> index, Span<T> y, int outer, int axis, int inner)
        where T : unmanaged
    {
        Require(index, axis);
        for (int o = 0; o < outer; o++)
        {
            for (int k = 0; k < index.Length; k++)
            {
                ReadOnlySpan<T> row = x.Slice(((o * axis) + (int)index[k]) * inner, inner);
                row.CopyTo(y.Slice(((o * index.Length) + k) * inner, inner));
            }
        }
    }

    /// <summary>Computes <c>x[o, index[k], i] += y[o, k, i]</c>.</summary>
    internal static void AddRows(
        ReadOnlySpan<float> y, ReadOnlySpan<long> index, Span<float> x, int outer, int axis, int inner)
    {
        Require(index, axis);
        for (int o = 0; o < outer; o++)
        {
            for (int k = 0; k < index.Length; k++)
            {
                Span<float> row = x.Slice(((o * axis) + (int)index[k]) * inner, inner);
                Elementwise.Accumulate(y.Slice(((o * index.Length) + k) * inner, inner), row);
            }
        }
    }

    /// <summary>Computes <c>y[o, k, i] = x[o, index[o, k, i], i]</c> for k below <paramref name="count"/>.</summary>
    internal static void Along<T>(
        ReadOnlySpan<T> x, ReadOnlySpan<long> index, Span<T> y, (int Outer, int Axis, int Inner) size, int count)
        where T : unmanaged
    {
        Require(index, size.Axis);
        for (int at = 0; at < y.Length; at++)
        {
            y[at] = x[Position(index, at, size, count)];
        }
    }

    /// <summary>Computes <c>x[o, index[o, k, i], i] += y[o, k, i]</c> for k below <paramref name="count"/>.</summary>
    internal static void AddAlong(
        ReadOnlySpan<float> y, ReadOnlySpan<long> index, Span<float> x, (int Outer, int Axis, int Inner) size,
        int count)
    {
        Require(index, size.Axis);
        for (int at = 0; at < y.Length; at++)
        {
            x[Position(index, at, size, count)] += y[at];
        }
    }

    private static int Position(ReadOnlySpan<long> index, int at, (int Outer, int Axis, int Inner) size, int count)
    {
        int outer = at / (count * size.Inner), inner = at % size.Inner;
        return (((outer * size.Axis) + (int)index[at]) * size.Inner) + inner;
    }

    private static void Require(ReadOnlySpan<long> index, int axis)
    {
        foreach (long i in index)
        {
            if ((ulong)i >= (ulong)axis)
            {
                throw new ArgumentOutOfRangeException(
                    $"gather: an index is out of range (got {i}, expected 0 to {axis - 1})", innerException: null);
            }
        }
    }
}
