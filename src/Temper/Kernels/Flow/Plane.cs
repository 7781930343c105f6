using System.Numerics;
using System.Runtime.InteropServices;

namespace Temper.Kernels.Flow;

/// <summary>Height and width of a plane.</summary>
internal readonly record struct PlaneSize(int Height, int Width)
{
    /// <summary>Elements from one row to the next: whole vectors, and at least one element of padding.</summary>
    internal int Stride => ((Width + Plane<float>.Padding) / Plane<float>.Padding) * Plane<float>.Padding;

    /// <summary>Elements of all rows, padding included.</summary>
    internal int Count => Height * Stride;
}

/// <summary>
/// One channel of an image, or one component of a flow field, in float or double: rows padded to whole vectors, so that
/// loops need no tail. Padding holds finite numbers that no result depends on; kernels may read up to
/// <see cref="Padding"/> elements beyond either end.
/// </summary>
internal sealed unsafe class Plane<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The widest vector of floats, in elements.</summary>
    internal const int Padding = 16;

    private readonly T[] _array;

    internal Plane(PlaneSize size)
    {
        Size = size;
        _array = GC.AllocateArray<T>(size.Count + (2 * Padding), pinned: true);
        First = (T*)Marshal.UnsafeAddrOfPinnedArrayElement(_array, Padding);
    }

    internal PlaneSize Size { get; }

    /// <summary>The element of row 0 and column 0. Whoever reads through it keeps the plane alive meanwhile.</summary>
    internal T* First { get; }

    internal int Count => Size.Count;

    internal T* Row(int y) => First + ((long)y * Size.Stride);

    /// <summary>Takes the numbers of an array without padding.</summary>
    internal void Write(ReadOnlySpan<T> values)
    {
        for (int y = 0; y < Size.Height; y++)
        {
            values.Slice(y * Size.Width, Size.Width).CopyTo(new Span<T>(Row(y), Size.Width));
        }
    }

    /// <summary>Copies the numbers into an array without padding.</summary>
    internal void Read(Span<T> values)
    {
        for (int y = 0; y < Size.Height; y++)
        {
            new ReadOnlySpan<T>(Row(y), Size.Width).CopyTo(values.Slice(y * Size.Width, Size.Width));
        }
    }

    internal void Clear() => _array.AsSpan().Clear();

    internal void CopyFrom(Plane<T> other) => other._array.AsSpan().CopyTo(_array);

    /// <summary>Adds a plane, times a factor.</summary>
    internal void Add(Plane<T> other, T factor)
    {
        var f = new Vector<T>(factor);
        for (int i = 0; i < Count; i += Vector<T>.Count)
        {
            (Vector.Load(First + i) + (f * Vector.Load(other.First + i))).Store(First + i);
        }
    }
}
