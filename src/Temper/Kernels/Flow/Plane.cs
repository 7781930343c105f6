using System.Numerics;
using System.Runtime.InteropServices;

namespace Temper.Kernels.Flow;

/// <summary>Height and width of a plane.</summary>
internal readonly record struct PlaneSize(int Height, int Width)
{
    /// <summary>Distance between rows, in elements: whole vectors, with at least one element of padding.</summary>
    internal int Stride => ((Width + Plane<float>.Padding) / Plane<float>.Padding) * Plane<float>.Padding;

    /// <summary>Number of elements of all rows, including padding.</summary>
    internal int Count => Height * Stride;
}

/// <summary>
/// A channel of an image or a component of a flow field, in float or double. Rows are padded to whole vectors, so that
/// loops need no remainder. The padding holds finite values that do not affect results. Kernels may read up to
/// <see cref="Padding"/> elements past either end.
/// </summary>
internal sealed unsafe class Plane<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Number of floats in the widest vector.</summary>
    internal const int Padding = 16;

    private readonly T[] _array;

    internal Plane(PlaneSize size)
    {
        Size = size;
        _array = GC.AllocateArray<T>(size.Count + (2 * Padding), pinned: true);
        First = (T*)Marshal.UnsafeAddrOfPinnedArrayElement(_array, Padding);
    }

    internal PlaneSize Size { get; }

    /// <summary>
    /// Address of the element in row 0, column 0. The caller must keep the plane alive while using it.
    /// </summary>
    internal T* First { get; }

    internal int Count => Size.Count;

    internal T* Row(int y) => First + ((long)y * Size.Stride);

    /// <summary>Copies values from an array without padding.</summary>
    internal void Write(ReadOnlySpan<T> values)
    {
        for (int y = 0; y < Size.Height; y++)
        {
            values.Slice(y * Size.Width, Size.Width).CopyTo(new Span<T>(Row(y), Size.Width));
        }
    }

    /// <summary>Copies the values to an array without padding.</summary>
    internal void Read(Span<T> values)
    {
        for (int y = 0; y < Size.Height; y++)
        {
            new ReadOnlySpan<T>(Row(y), Size.Width).CopyTo(values.Slice(y * Size.Width, Size.Width));
        }
    }

    internal void Clear() => _array.AsSpan().Clear();

    internal void CopyFrom(Plane<T> other) => other._array.AsSpan().CopyTo(_array);

    /// <summary>Adds another plane multiplied by a factor.</summary>
    internal void Add(Plane<T> other, T factor)
    {
        var f = new Vector<T>(factor);
        for (int i = 0; i < Count; i += Vector<T>.Count)
        {
            (Vector.Load(First + i) + (f * Vector.Load(other.First + i))).Store(First + i);
        }
    }
}
