using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// The limit between the winners of a sample and the rest. Magnitudes are compared as ordered bits (keys); NaN is above
/// everything, and both zeros are equal.
/// </summary>
/// <param name="Key">Elements with a larger key win.</param>
/// <param name="Ties">Number of elements with an equal key that win, the first by index.</param>
/// <param name="AllTies">Whether all elements with an equal key win, so that their order does not matter.</param>
internal readonly record struct WinnerLimit(uint Key, int Ties, bool AllTies);

/// <summary>How the pixels of a channel are reduced to its score.</summary>
internal enum ChannelSum
{
    /// <summary>Mean absolute value.</summary>
    Mean,

    /// <summary>Largest absolute value.</summary>
    Largest,

    /// <summary>Square root of the sum of squares.</summary>
    Root,
}

/// <summary>
/// Winners-take-all: keeps the elements of a sample with the largest magnitudes, or its channels with the largest
/// scores.
/// </summary>
internal static unsafe class WinnerSelection
{
    internal const uint MagnitudeBits = 0x7FFF_FFFF, NaNKey = 0x7F80_0001;

    private const int DigitBits = 11, Digits = 1 << DigitBits;

    /// <summary>Finds the limit for a given number of winners, in O(n).</summary>
    /// <param name="x">Elements, ranked by magnitude.</param>
    /// <param name="n">Number of elements.</param>
    /// <param name="count">Number of winners, 1 to n.</param>
    internal static WinnerLimit Limit(float* x, int n, int count) =>
        KeySearch.Fits(n) ? KeySearch.Limit(x, n, count) : LimitByDigits(x, n, count);

    /// <summary>Finds the limit in three passes, one per digit of the keys.</summary>
    private static WinnerLimit LimitByDigits(float* x, int n, int count)
    {
        uint prefix = 0;
        int rank = count, shift = 3 * DigitBits, ties = 0;
        int* counts = stackalloc int[Digits];
        while (shift > 0)
        {
            shift -= DigitBits;
            new Span<int>(counts, Digits).Clear();
            for (int i = 0; i < n; i++)
            {
                uint key = Key(x[i]);
                counts[(key >> shift) & (Digits - 1)] += (uint)((ulong)key >> (shift + DigitBits)) == prefix ? 1 : 0;
            }

            int digit = Digits - 1;
            for (; counts[digit] < rank; digit--)
            {
                rank -= counts[digit];
            }

            (prefix, ties) = ((prefix << DigitBits) | (uint)digit, counts[digit]);
        }

        return new WinnerLimit(prefix, rank, rank == ties);
    }

    /// <summary>Returns the limit with which elements of at least the threshold win.</summary>
    internal static WinnerLimit Limit(float threshold) => new(Key(threshold), int.MaxValue, AllTies: true);

    /// <summary>Keeps the elements whose ranked value wins, and sets the others to zero. May work in place.</summary>
    /// <param name="rank">Ranked values.</param>
    /// <param name="x">Elements, or a gradient.</param>
    /// <param name="y">Receives the result.</param>
    /// <param name="n">Number of elements.</param>
    /// <param name="limit">Limit of the winners.</param>
    internal static void Keep(float* rank, float* x, float* y, int n, WinnerLimit limit)
    {
        if (!limit.AllTies)
        {
            KeepFirstTies(rank, x, y, (n, 1), limit);
            return;
        }

        for (int i = 0; i < n; i++)
        {
            y[i] = Key(rank[i]) >= limit.Key ? x[i] : 0;
        }
    }

    /// <summary>
    /// Same as <see cref="Keep"/> for a channels-last image. Ties are broken by channel, then by pixel.
    /// </summary>
    internal static void KeepChannelsLast(
        float* rank, float* x, float* y, (int Pixels, int Channels) size, WinnerLimit limit)
    {
        if (limit.AllTies)
        {
            Keep(rank, x, y, size.Pixels * size.Channels, limit);
        }
        else
        {
            KeepFirstTies(rank, x, y, size, limit);
        }
    }

    private static void KeepFirstTies(float* rank, float* x, float* y, (int Rows, int Columns) size, WinnerLimit limit)
    {
        int tiesLeft = limit.Ties;
        for (int column = 0; column < size.Columns; column++)
        {
            for (int i = column; i < size.Rows * size.Columns; i += size.Columns)
            {
                uint key = Key(rank[i]);
                bool isTie = key == limit.Key;
                y[i] = key > limit.Key || (isTie && tiesLeft > 0) ? x[i] : 0;
                tiesLeft -= isTie ? 1 : 0;
            }
        }
    }

    /// <summary>Computes the scores of the channels of an image <c>[pixels, C]</c>.</summary>
    internal static void Score(float* x, int pixels, int channels, ChannelSum sum, float* scores)
    {
        var all = new Span<float>(scores, channels);
        switch (sum)
        {
            case ChannelSum.Mean:
                ChannelSums.Run<SumOfMagnitudes>(x, pixels, channels, (0, channels), scores);
                TensorPrimitives.Divide(all, pixels, all);
                break;
            case ChannelSum.Largest:
                ChannelSums.Run<LargestMagnitude>(x, pixels, channels, (0, channels), scores);
                break;
            default:
                ChannelSums.Run<SumOfSquares>(x, pixels, channels, (0, channels), scores);
                TensorPrimitives.Sqrt(all, all);
                break;
        }
    }

    /// <summary>
    /// Keeps the channels of an image <c>[pixels, C]</c> whose flag is above 0, and sets the others to zero.
    /// </summary>
    internal static void KeepChannels(float* flags, float* x, float* y, int pixels, int channels)
    {
        for (nint pixel = 0; pixel < pixels; pixel++, x += channels, y += channels)
        {
            int first = 0;
            first = Simd.Active == SimdWidth.Vector512 ? KeepChannels<Lanes512>(flags, x, y, channels, first) : first;
            first = Simd.Active >= SimdWidth.Vector256 ? KeepChannels<Lanes256>(flags, x, y, channels, first) : first;
            first = Simd.Active >= SimdWidth.Vector128 ? KeepChannels<Lanes128>(flags, x, y, channels, first) : first;
            KeepChannels<Lane>(flags, x, y, channels, first);
        }
    }

    /// <summary>Lists the winning channels of an image, for kernels that skip the others.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Number of pixels.</param>
    /// <param name="channels">Number of channels, C.</param>
    /// <param name="rule">Rule that selects the winners.</param>
    /// <param name="numbers">
    /// Receives the indices of the winners in order, followed by <see cref="ActiveChannels.Ahead"/> further valid
    /// indices.
    /// </param>
    /// <returns>The number of winners.</returns>
    internal static int List(float* x, int pixels, int channels, in WinnerRule rule, int* numbers)
    {
        float* scores = Scratch.Rent(Scratch.Use.Tile, channels);
        Score(x, pixels, channels, rule.Sum, scores);
        WinnerLimit limit = rule.LimitOf(scores, channels);
        int found = 0, tiesLeft = limit.Ties;
        for (int c = 0; c < channels; c++)
        {
            uint key = Key(scores[c]);
            bool isTie = key == limit.Key;
            numbers[found] = c;
            found += key > limit.Key || (isTie && tiesLeft > 0) ? 1 : 0;
            tiesLeft -= isTie ? 1 : 0;
        }

        new Span<int>(numbers + Math.Max(found, 1), ActiveChannels.Ahead).Clear();
        return found;
    }

    /// <summary>Lists the nonzero winners of a row.</summary>
    /// <param name="x">The row.</param>
    /// <param name="count">Length of the row.</param>
    /// <param name="rule">Rule that selects the winners.</param>
    /// <param name="indices">Receives their indices in order; has room for <paramref name="count"/> + 1.</param>
    /// <param name="values">Receives their values; has room for <paramref name="count"/> + 1.</param>
    /// <returns>The number of nonzero winners.</returns>
    internal static int List(float* x, int count, in WinnerRule rule, int* indices, float* values)
    {
        int wanted = Math.Min(rule.Count, count);
        if (float.IsNaN(rule.Threshold) && KeySearch.Guess(x, count, wanted) is > 0 and var guess)
        {
            // Unless the guess is too high, the winners are among the few elements that reach it.
            int found = ActiveInputs.Find(x, count, guess, indices, values), padded = KeySearch.Padded(found);
            if (found >= wanted && padded <= count)
            {
                new Span<float>(values + found, padded - found).Clear();
                return ListAmong(values, indices, found, Limit(values, padded, wanted), indices, values);
            }
        }

        return ListAmong(x, null, count, rule.LimitOf(x, count), indices, values);
    }

    /// <summary>Lists the nonzero winners among some elements. May work in place.</summary>
    /// <param name="x">The elements.</param>
    /// <param name="numbers">Their indices, in order; null: 0, 1, 2 and so on.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="limit">Limit of the winners.</param>
    /// <param name="indices">Receives the indices of the winners.</param>
    /// <param name="values">Receives their values.</param>
    private static int ListAmong(float* x, int* numbers, int count, WinnerLimit limit, int* indices, float* values)
    {
        if (limit.AllTies)
        {
            return ActiveInputs.Find(x, numbers, count, Math.Max(limit.Key, 1), indices, values);
        }

        int found = 0, tiesLeft = limit.Ties;
        for (int i = 0; i < count; i++)
        {
            float value = x[i];
            uint key = Key(value);
            bool isTie = key == limit.Key;
            (indices[found], values[found]) = (numbers == null ? i : numbers[i], value);
            found += (key > limit.Key || (isTie && tiesLeft > 0)) && key != 0 ? 1 : 0;
            tiesLeft -= isTie ? 1 : 0;
        }

        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int KeepChannels<T>(float* flags, float* x, float* y, int channels, int first)
        where T : unmanaged, ILanes<T>
    {
        for (; first + T.Count <= channels; first += T.Count)
        {
            T.Select(T.Greater(T.Load(flags + first), T.Zero), T.Load(x + first), T.Zero).Store(y + first);
        }

        return first;
    }

    /// <summary>Returns the magnitude of a number as bits with the same order; NaN is above everything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Key(float x) => Math.Min(BitConverter.SingleToUInt32Bits(x) & MagnitudeBits, NaNKey);
}
