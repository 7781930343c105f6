using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Temper.Kernels;

/// <summary>
/// Finds the elements of a vector that are nonzero, or that have a large magnitude, in one pass without branches.
/// </summary>
internal static unsafe class ActiveInputs
{
    /// <summary>Finds the nonzero elements; NaN counts as nonzero.</summary>
    /// <inheritdoc cref="Find(float*, int, uint, int*, float*)"/>
    internal static int Find(float* x, int count, int* indices, float* values) => Find(x, count, 1, indices, values);

    /// <summary>Finds the elements whose key is at least a given one.</summary>
    /// <param name="x">The vector.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="min">Smallest key to find; see <see cref="WinnerSelection.Key"/>.</param>
    /// <param name="indices">Receives the indices in order; has room for <paramref name="count"/> + 1.</param>
    /// <param name="values">Receives the elements; has room for <paramref name="count"/> + 1.</param>
    /// <returns>The number of elements found.</returns>
    internal static int Find(float* x, int count, uint min, int* indices, float* values) =>
        Find(x, null, count, min, indices, values);

    /// <summary>Finds the elements of a list whose key is at least a given one. May work in place.</summary>
    /// <param name="x">The elements.</param>
    /// <param name="numbers">Their indices; null: 0, 1, 2 and so on.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="min">Smallest key to find.</param>
    /// <param name="indices">Receives the indices; has room for <paramref name="count"/> + 1.</param>
    /// <param name="values">Receives the elements; has room for <paramref name="count"/> + 1.</param>
    /// <returns>The number of elements found.</returns>
    internal static int Find(float* x, int* numbers, int count, uint min, int* indices, float* values)
    {
        nint found = 0;
        int i = 0;
        if (Avx512F.IsSupported && Simd.Active == SimdWidth.Vector512)
        {
            // Excess lanes are written below i + 16 and overwritten later.
            Vector512<uint> magnitude = Vector512.Create(WinnerSelection.MagnitudeBits), limit = Vector512.Create(min);
            Vector512<int> next = Vector512<int>.Indices, step = Vector512.Create(Vector512<int>.Count);
            for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count, next += step)
            {
                Vector512<int> number = numbers == null ? next : Vector512.Load(numbers + i);
                Vector512<uint> bits = Vector512.Load((uint*)x + i),
                    isOne = Vector512.GreaterThanOrEqual(bits & magnitude, limit);
                Avx512F.Compress(Vector512<int>.Zero, isOne.AsInt32(), number).Store(indices + found);
                Avx512F.Compress(Vector512<uint>.Zero, isOne, bits).Store((uint*)values + found);
                found += BitOperations.PopCount(isOne.ExtractMostSignificantBits());
            }
        }

        for (; i < count; i++)
        {
            float value = x[i];
            indices[found] = numbers == null ? i : numbers[i];
            values[found] = value;
            found += WinnerSelection.Key(value) >= min ? 1 : 0;
        }

        return (int)found;
    }
}
