using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Temper.Tensors.Memory;

/// <summary>Arrays of returned tensors, kept by size so that a training step in steady state allocates none.</summary>
/// <remarks>Arrays are pinned, so the aligned start inside each stays aligned. Contents are not cleared.</remarks>
internal static class BufferPool<T>
    where T : unmanaged
{
    private const int Alignment = 64;

    /// <summary>Below this many elements alignment gains nothing, and the pinned heap costs more than the common one.</summary>
    private const int SmallCount = 1024;

    private static readonly Dictionary<int, Stack<T[]>> Free = [];
    private static readonly Lock Gate = new();

    private static int Slack => Alignment / Unsafe.SizeOf<T>();

    /// <summary>An array with at least <paramref name="count"/> elements after its aligned start.</summary>
    internal static T[] Rent(int count)
    {
        int size = SizeClass(count);
        lock (Gate)
        {
            if (Free.TryGetValue(size, out Stack<T[]>? stack) && stack.TryPop(out T[]? array))
            {
                return array;
            }
        }

        return GC.AllocateUninitializedArray<T>(size + Slack, pinned: true);
    }

    internal static void Return(T[] array)
    {
        int size = array.Length - Slack;
        lock (Gate)
        {
            ref Stack<T[]>? stack = ref CollectionsMarshal.GetValueRefOrAddDefault(Free, size, out _);
            (stack ??= new Stack<T[]>()).Push(array);
        }
    }

    /// <summary>An array that belongs to the garbage collector: exactly as large as asked, not pinned when small.</summary>
    internal static T[] Allocate(int count) => count < SmallCount
        ? GC.AllocateUninitializedArray<T>(count)
        : GC.AllocateUninitializedArray<T>(checked(count + Slack), pinned: true);

    /// <summary>Memory as tensors have it, for kernels that are called by themselves.</summary>
    internal static Memory<T> AllocateAligned(int count)
    {
        T[] array = Allocate(count);
        return array.AsMemory(Start(array), count);
    }

    /// <summary>Index of the first element to use: on a 64-byte boundary where the array is pinned.</summary>
    internal static int Start(T[] array)
    {
        if (array.Length < SmallCount)
        {
            return 0;
        }

        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        return (int)((Alignment - (address & (Alignment - 1))) & (Alignment - 1)) / Unsafe.SizeOf<T>();
    }

    /// <summary>Sizes in steps of at most one eighth, so that nearby sizes share arrays and little is wasted.</summary>
    private static int SizeClass(int count)
    {
        if (count <= SmallCount)
        {
            return SmallCount;                      // pooled arrays are all pinned, hence none is small
        }

        int step = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count) / 16;
        return (int)Math.Min(((long)count + step - 1) / step * step, int.MaxValue - 128);
    }
}
