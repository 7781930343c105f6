using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Squared values of a weight, without the indices removed from its axes.</summary>
internal sealed class RemainingWeight
{
    private readonly double[] _squares;
    private readonly int[] _sizes;
    private readonly (double[] Each, double Total)?[] _sums;
    private readonly int[] _left;

    internal RemainingWeight(Tensor value)
    {
        _squares = [.. value.ToArray<float>().Select(x => (double)x * x)];
        _sizes = [.. Enumerable.Range(0, value.Rank).Select(axis => value.Shape[axis])];
        _left = [.. _sizes];
        _sums = new (double[] Each, double Total)?[value.Rank];
    }

    /// <summary>Returns the share of the remaining squares that a slice holds; 0 if all are zero.</summary>
    internal double Share(ChannelSlice slice)
    {
        (double[] each, double total) = _sums[slice.Axis] ??= SumsAlong(slice.Axis);
        return total > 0 ? slice.Indices.Sum(index => each[index]) / total : 0;
    }

    /// <summary>Returns the number of remaining elements of a slice whose indices all remain.</summary>
    internal double Count(ChannelSlice slice)
    {
        double count = slice.Indices.Count;
        for (int axis = 0; axis < _left.Length; axis++)
        {
            count *= axis == slice.Axis ? 1 : _left[axis];
        }

        return count;
    }

    /// <summary>Removes the indices of a slice.</summary>
    internal void Remove(ChannelSlice slice)
    {
        int inner = Inner(slice.Axis), block = inner * _sizes[slice.Axis];
        foreach (int index in slice.Indices)
        {
            for (int start = index * inner; start < _squares.Length; start += block)
            {
                Array.Clear(_squares, start, inner);
            }
        }

        _left[slice.Axis] -= slice.Indices.Count;
        Array.Clear(_sums);
    }

    private int Inner(int axis) => _sizes.Skip(axis + 1).Aggregate(1, (product, size) => product * size);

    private (double[] Each, double Total) SumsAlong(int axis)
    {
        int length = _sizes[axis], inner = Inner(axis);
        double[] sums = new double[length];
        for (int start = 0, index = 0; start < _squares.Length; start += inner, index = (index + 1) % length)
        {
            foreach (double square in _squares.AsSpan(start, inner))
            {
                sums[index] += square;
            }
        }

        return (sums, sums.Sum());
    }
}
