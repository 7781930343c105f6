using System.Collections;
using System.Runtime.CompilerServices;

namespace Temper.Tensors;

/// <summary>The lengths of a tensor's axes, for example <c>[N, C, H, W]</c>. Immutable; compared by value.</summary>
/// <remarks>A scalar has rank 0 and one element. An axis may have length 0.</remarks>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public sealed class Shape : IReadOnlyList<int>, IEquatable<Shape>
{
    /// <summary>Maximum number of axes, as in NumPy and PyTorch.</summary>
    internal const int MaxRank = 64;

    private readonly int[] _lengths;

    private Shape(int[] lengths)
    {
        if (lengths.Length > MaxRank)
        {
            throw new ArgumentOutOfRangeException(
                nameof(lengths),
                $"Shape: too many axes (got {lengths.Length}, expected at most {MaxRank}); merge some of them");
        }

        _lengths = lengths;
        long count = 1;
        foreach (int length in lengths)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            count = checked(count * length);
        }

        if (count > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(lengths),
                $"Shape: too many elements (got {this} = {count}, expected at most {int.MaxValue}); shorten "
                + "an axis, such as the batch or the features of a layer");
        }

        Count = (int)count;
    }

    /// <summary>The shape of a scalar: rank 0, one element.</summary>
    public static Shape Scalar { get; } = new([]);

    /// <summary>Number of axes.</summary>
    public int Rank => _lengths.Length;

    /// <summary>
    /// Number of axes, equal to <see cref="Rank"/>. Required by C# list patterns and <c>shape[^1]</c>.
    /// </summary>
    public int Length => _lengths.Length;

    /// <summary>Number of elements: the product of all lengths.</summary>
    public int Count { get; }

    int IReadOnlyCollection<int>.Count => _lengths.Length;

    /// <summary>Returns the length of an axis.</summary>
    /// <param name="axis">0 is the first axis, -1 the last.</param>
    public int this[int axis] => _lengths[axis < 0 ? axis + _lengths.Length : axis];

    /// <summary>Returns the lengths as a span, first axis first.</summary>
    public ReadOnlySpan<int> AsSpan() => _lengths;

    /// <summary>Creates a shape from axis lengths.</summary>
    /// <param name="lengths">
    /// Lengths of at most 64 axes, each 0 or more; at most 2³¹ - 1 elements in total.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A length is negative, or there are too many axes or elements.
    /// </exception>
    public static Shape Create(params ReadOnlySpan<int> lengths) => lengths.IsEmpty ? Scalar : new(lengths.ToArray());

    /// <summary>Returns this shape with the length of one axis replaced.</summary>
    public Shape With(int axis, int length)
    {
        int[] lengths = (int[])_lengths.Clone();
        lengths[Axis(axis, nameof(With))] = length;
        return new Shape(lengths);
    }

    /// <summary>Returns the shape to which two operands broadcast, by the rules of NumPy, PyTorch and ONNX.</summary>
    /// <param name="a">Shape of the first operand.</param>
    /// <param name="b">Shape of the second operand.</param>
    /// <param name="operation">Name of the operation, used in the error message.</param>
    /// <exception cref="ShapeMismatchException">Two lengths differ and neither is 1.</exception>
    public static Shape Broadcast(Shape a, Shape b, string operation)
    {
        if (a.Equals(b))
        {
            return a;
        }

        int rank = Math.Max(a.Rank, b.Rank);
        int[] lengths = new int[rank];
        for (int i = 1; i <= rank; i++)
        {
            int x = i <= a.Rank ? a._lengths[^i] : 1;
            int y = i <= b.Rank ? b._lengths[^i] : 1;
            if (x != y && x != 1 && y != 1)
            {
                throw new ShapeMismatchException(
                    operation, a, b, "lengths must be equal or 1, counted from the last axis");
            }

            lengths[^i] = x == 1 ? y : x;
        }

        return new Shape(lengths);
    }

    /// <summary>Converts an axis that may be negative (-1: the last axis) to an index from 0 to rank - 1.</summary>
    internal int Axis(int axis, string operation)
    {
        int positive = axis < 0 ? axis + Rank : axis;
        return (uint)positive < (uint)Rank
            ? positive
            : throw new ArgumentOutOfRangeException(
                nameof(axis),
                $"{operation}: the axis is out of range (got {axis}, expected {-Rank} to {Rank - 1} for shape {this})");
    }

    /// <summary>
    /// Returns the product of the lengths of axes <paramref name="start"/> (inclusive) to <paramref name="end"/>
    /// (exclusive).
    /// </summary>
    internal int CountOf(int start, int end)
    {
        int count = 1;
        for (int i = start; i < end; i++)
        {
            count *= _lengths[i];
        }

        return count;
    }

    /// <inheritdoc/>
    public bool Equals(Shape? other) =>
        ReferenceEquals(this, other) || (other is not null && _lengths.AsSpan().SequenceEqual(other._lengths));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Shape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int length in _lengths)
        {
            hash.Add(length);
        }

        return hash.ToHashCode();
    }

    /// <summary>Returns the lengths in brackets, for example <c>[8, 3, 32, 32]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _lengths)}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_lengths).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _lengths.GetEnumerator();
}
