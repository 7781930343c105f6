using System.Numerics;
using System.Runtime.Intrinsics;

namespace Temper.Kernels;

/// <summary>
/// Finds the k-th largest magnitude of a row in cache, bit by bit from the highest bit of its key. Each pass counts the
/// numbers whose key is at least the candidate with this bit set. Most rows need about a dozen passes.
/// </summary>
internal static unsafe class KeySearch
{
    /// <summary>Row length up to which passes over the row are faster than histograms of digits.</summary>
    private const int MaxNumbers = 1 << 15;

    private const int HighestBit = 30;

    internal static bool Fits(int n) => Simd.Active >= SimdWidth.Vector256 && n <= MaxNumbers;

    /// <inheritdoc cref="WinnerSelection.Limit(float*, int, int)"/>
    internal static WinnerLimit Limit(float* x, int n, int count)
    {
        uint found = 0;
        for (int bit = HighestBit; bit >= 0; bit--)
        {
            uint candidate = found | (1u << bit);
            int atLeast = CountAtLeast(x, n, candidate);
            if (atLeast == count)
            {
                return new WinnerLimit(candidate, count, AllTies: true);
            }

            found = atLeast > count ? candidate : found;
        }

        int above = CountAtLeast(x, n, found + 1), ties = CountAtLeast(x, n, found) - above;
        return new WinnerLimit(found, count - above, AllTies: count - above == ties);
    }

    /// <summary>Counts the numbers whose key is <paramref name="min"/> or more. NaN has the largest key.</summary>
    private static int CountAtLeast(float* x, int n, uint min)
    {
        if (min > WinnerSelection.NaNKey)
        {
            return 0;
        }

        int found = 0, i = 0;
        if (Simd.Active == SimdWidth.Vector512)
        {
            Vector512<uint> magnitude = Vector512.Create(WinnerSelection.MagnitudeBits), limit = Vector512.Create(min);
            for (; i + Vector512<uint>.Count <= n; i += Vector512<uint>.Count)
            {
                found += BitOperations.PopCount(Vector512.GreaterThanOrEqual(
                    Vector512.Load((uint*)x + i) & magnitude, limit).ExtractMostSignificantBits());
            }
        }
        else
        {
            Vector256<int> magnitude = Vector256.Create((int)WinnerSelection.MagnitudeBits),
                below = Vector256.Create((int)min - 1);
            for (; i + Vector256<int>.Count <= n; i += Vector256<int>.Count)
            {
                found += BitOperations.PopCount(
                    Vector256.GreaterThan(Vector256.Load((int*)x + i) & magnitude, below).ExtractMostSignificantBits());
            }
        }

        for (; i < n; i++)
        {
            found += WinnerSelection.Key(x[i]) >= min ? 1 : 0;
        }

        return found;
    }
}
