using System.Numerics;

namespace Temper.Tensors.Memory;

/// <summary>
/// Free arrays by size class. A request takes the smallest free array that is large enough and at most eight times the
/// requested size. If much more is held than was recently in use, the arrays that have been free for longest are
/// released to the garbage collector.
/// </summary>
/// <remarks>
/// <para>Repeated work reuses the arrays of its first round, and smaller batches reuse the arrays of larger ones:
/// neither allocates. The high-water mark is the largest number of elements rented at the same time in this period and
/// the previous one. Every <see cref="Period"/> requests, free arrays are released until at most 1.5 times the
/// high-water mark is held. Growing batches leave behind arrays too small to be reused; therefore each allocation also
/// releases free arrays down to three times the high-water mark. Both limits allow 32 MiB more.</para>
/// <para>Which array is reused depends only on the order of requests, not on time. Thread-safe.</para>
/// </remarks>
/// <typeparam name="T">Element type.</typeparam>
/// <param name="slack">Extra elements of each array beyond the size of its class.</param>
/// <param name="smallest">Size of the smallest class, in elements.</param>
internal sealed class BufferStore<T>(int slack, int smallest)
    where T : unmanaged
{
    /// <summary>Number of requests between two reductions: about a thousand steps of a small network.</summary>
    internal const int Period = 1 << 18;

    /// <summary>
    /// Size classes per power of two. Neighboring classes differ by at most an eighth, so that similar sizes share
    /// arrays.
    /// </summary>
    private const int Steps = 8;

    /// <summary>A request may take an array up to this many classes larger, which is eight times its size.</summary>
    private const int Reach = 3 * Steps;

    /// <summary>
    /// Number of elements held in any case, so that small workloads do not release and allocate arrays repeatedly.
    /// </summary>
    private static readonly long Floor = (32L << 20) / System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

    private readonly Lock _gate = new();
    private readonly List<(T[] Array, long Since)>?[] _free = new List<(T[], long)>?[32 * Steps];
    private long _requests;
    private long _rented;
    private long _held;
    private long _peak;
    private long _peakBefore;

    /// <summary>Elements of all arrays, rented or free.</summary>
    internal long Held { get { lock (_gate) { return _held; } } }

    /// <summary>Elements currently rented, by requested size.</summary>
    internal long Rented { get { lock (_gate) { return _rented; } } }

    /// <summary>Rents an array with at least <paramref name="count"/> elements plus the slack.</summary>
    internal T[] Rent(int count)
    {
        int sizeClass = ClassOf(count);
        int size = SizeOf(sizeClass);
        lock (_gate)
        {
            _rented += count;
            _peak = Math.Max(_peak, _rented);
            if (++_requests % Period == 0)
            {
                GiveBack(HighWater + (HighWater / 2) + Floor);
                (_peakBefore, _peak) = (_peak, _rented);
            }

            if (Take(sizeClass) is { } array)
            {
                return array;
            }

            _held += size;
            GiveBack((3 * HighWater) + Floor);
        }

        return GC.AllocateUninitializedArray<T>(size + slack, pinned: true);
    }

    /// <summary>Returns an array that was rented for <paramref name="count"/> elements.</summary>
    internal void Return(T[] array, int count)
    {
        lock (_gate)
        {
            _rented -= count;
            (_free[ClassOf(array.Length - slack)] ??= []).Add((array, _requests));
        }
    }

    /// <summary>Largest number of elements rented at the same time, in this period and the previous one.</summary>
    private long HighWater => Math.Max(_peak, _peakBefore);

    /// <summary>
    /// Takes an array from the smallest suitable class that has a free one. The most recently returned array is taken,
    /// because it is the most likely to be in a cache.
    /// </summary>
    private T[]? Take(int sizeClass)
    {
        int last = Math.Min(sizeClass + Reach, _free.Length - 1);
        for (int i = sizeClass; i <= last; i++)
        {
            if (_free[i] is { Count: > 0 } arrays)
            {
                T[] array = arrays[^1].Array;
                arrays.RemoveAt(arrays.Count - 1);
                return array;
            }
        }

        return null;
    }

    /// <summary>
    /// Releases free arrays, longest free first, until at most <paramref name="limit"/> elements are held.
    /// </summary>
    private void GiveBack(long limit)
    {
        while (_held > limit && Oldest() is { Count: > 0 } arrays)
        {
            _held -= arrays[0].Array.Length - slack;
            arrays.RemoveAt(0);
        }
    }

    /// <summary>
    /// Returns the class that contains the array that has been free for longest; in each class that is the first.
    /// </summary>
    private List<(T[] Array, long Since)>? Oldest()
    {
        List<(T[] Array, long Since)>? oldest = null;
        foreach (List<(T[] Array, long Since)>? arrays in _free)
        {
            if (arrays is { Count: > 0 } && (oldest is null || arrays[0].Since < oldest[0].Since))
            {
                oldest = arrays;
            }
        }

        return oldest;
    }

    private int ClassOf(int count)
    {
        int size = Math.Max(count, smallest);
        // 2^(power - 1) < size <= 2^power
        int power = 32 - BitOperations.LeadingZeroCount((uint)size - 1);
        long step = 1L << (power - 4);
        return (int)((power * Steps) + ((size + step - 1) / step) - Steps - 1);
    }

    private static int SizeOf(int sizeClass)
    {
        (int power, int eighth) = Math.DivRem(sizeClass, Steps);
        return (int)Math.Min((long)(eighth + Steps + 1) << (power - 4), int.MaxValue - 128);
    }
}
