using System.Numerics;

namespace Temper.Tensors.Memory;

/// <summary>
/// Free arrays by size class. A request takes the smallest free array that is large enough and at most eight times too
/// large; what has been free for longest is given back to the garbage collector where much more is held than work has
/// needed.
/// </summary>
/// <remarks>
/// <para>Work that repeats finds the arrays of its first round, and work on a shrinking batch lives in those of the
/// full one: neither allocates. Once every <see cref="Period"/> requests more than half again of what was rented at
/// most in this period and the one before is given back. Batches that only grow leave arrays that are too small for
/// what follows; a limit of three times that high-water mark is kept at every allocation.</para>
/// <para>All of this depends on the order of requests alone, not on time. Safe for several threads.</para>
/// </remarks>
/// <typeparam name="T">The element.</typeparam>
/// <param name="slack">Elements that each array has beyond its size class.</param>
/// <param name="smallest">The smallest size class.</param>
internal sealed class BufferStore<T>(int slack, int smallest)
    where T : unmanaged
{
    /// <summary>About a thousand steps of a small network.</summary>
    internal const int Period = 1 << 18;

    /// <summary>
    /// Classes of a power of two: sizes rise by an eighth of it at most, so that nearby sizes share arrays.
    /// </summary>
    private const int Steps = 8;

    /// <summary>A request takes an array of up to this many more classes: eight times its size.</summary>
    private const int Reach = 3 * Steps;

    /// <summary>
    /// Held whatever was rented, so that little work does not give back and allocate again and again.
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

    /// <summary>Elements that are rented, as they were asked for.</summary>
    internal long Rented { get { lock (_gate) { return _rented; } } }

    /// <summary>An array with at least <paramref name="count"/> elements and the slack.</summary>
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

    /// <summary>Takes back an array that was rented for <paramref name="count"/> elements.</summary>
    internal void Return(T[] array, int count)
    {
        lock (_gate)
        {
            _rented -= count;
            (_free[ClassOf(array.Length - slack)] ??= []).Add((array, _requests));
        }
    }

    /// <summary>The most that was rented at once in this period and the one before.</summary>
    private long HighWater => Math.Max(_peak, _peakBefore);

    /// <summary>
    /// The array returned last in the smallest class that has one: it is the likeliest to lie in a cache.
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

    /// <summary>Drops free arrays, those free for longest first, until no more than a limit is held.</summary>
    private void GiveBack(long limit)
    {
        while (_held > limit && Oldest() is { Count: > 0 } arrays)
        {
            _held -= arrays[0].Array.Length - slack;
            arrays.RemoveAt(0);
        }
    }

    /// <summary>The class whose first array, the one returned longest ago, has been free for longest of all.</summary>
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
        // size is above half of 2^power, at most all of it
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
