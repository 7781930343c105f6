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

    /// <summary>Number of pieces, of one vector of 512 bits each, of a sample of a row.</summary>
    private const int Pieces = 4;

    private const int Lanes = 16, SampleSize = Pieces * Lanes;

    /// <summary>Rounds the length of a row up to whole vectors, so that passes over it have no remainder.</summary>
    internal static int Padded(int n) => Chunks.Count(n, Lanes) * Lanes;

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

    /// <summary>
    /// Returns a key that about <paramref name="count"/> numbers of a row reach, and with high probability not fewer,
    /// from a sample of the row; 0: no guess, because the row is too short or too many numbers win.
    /// </summary>
    /// <remarks>
    /// With p = count / n, the number of winners in a sample of size s has mean p s and variance p (1 - p) s. As many
    /// numbers of the sample as the mean, two standard deviations and one reach the key.
    /// </remarks>
    internal static uint Guess(float* x, int n, int count)
    {
        double p = (double)count / n,
            wanted = Math.Ceiling((p * SampleSize) + (2 * Math.Sqrt(p * (1 - p) * SampleSize)) + 1);
        if (!Fits(n) || n < 4 * SampleSize || wanted > SampleSize / 2)
        {
            return 0;
        }

        float* sample = stackalloc float[SampleSize];
        for (int piece = 0; piece < Pieces; piece++)
        {
            new Span<float>(x + (piece * (n / Pieces)), Lanes).CopyTo(new Span<float>(sample + (piece * Lanes), Lanes));
        }

        const int Slack = 2;
        uint found = 0;
        for (int bit = HighestBit; bit >= 0; bit--)
        {
            uint candidate = found | (1u << bit);
            int excess = CountAtLeast(sample, SampleSize, candidate) - (int)wanted;
            found = excess >= 0 ? candidate : found;
            if (excess is >= 0 and <= Slack)
            {
                break;
            }
        }

        return found;
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
