using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Temper.Tensors.Memory;

/// <summary>
/// Pool of the arrays that hold tensors. Returned arrays are reused: in steady state a training step allocates none.
/// </summary>
/// <remarks>Arrays are pinned, so that the aligned start within each stays aligned. Contents are not cleared.</remarks>
internal static class BufferPool<T>
    where T : unmanaged
{
    private const int Alignment = 64;

    /// <summary>
    /// Smallest array that is aligned, in elements. Below it alignment has no benefit, and the pinned heap is slower
    /// than the normal one.
    /// </summary>
    private const int SmallCount = 1024;

    /// <summary>All pooled arrays are pinned, so <see cref="SmallCount"/> is the smallest size class.</summary>
    private static readonly BufferStore<T> Store = new(Slack, SmallCount);

    private static int Slack => Alignment / Unsafe.SizeOf<T>();

    /// <summary>Bytes of all arrays of the pool, rented or free.</summary>
    internal static long HeldBytes => Store.Held * Unsafe.SizeOf<T>();

    /// <summary>Rents an array with at least <paramref name="count"/> elements after its aligned start.</summary>
    internal static T[] Rent(int count) => Store.Rent(count);

    /// <summary>Returns an array that was rented for <paramref name="count"/> elements.</summary>
    internal static void Return(T[] array, int count) => Store.Return(array, count);

    /// <summary>
    /// Allocates an array owned by the garbage collector. A small one has exactly <paramref name="count"/> elements and
    /// is not pinned.
    /// </summary>
    internal static T[] Allocate(int count) => count < SmallCount
        ? GC.AllocateUninitializedArray<T>(count)
        : GC.AllocateUninitializedArray<T>(checked(count + Slack), pinned: true);

    /// <summary>Allocates memory aligned as that of tensors, for calling kernels directly.</summary>
    internal static Memory<T> AllocateAligned(int count)
    {
        T[] array = Allocate(count);
        return array.AsMemory(Start(array), count);
    }

    /// <summary>Index of the first element to use: at a 64-byte boundary if the array is pinned, else 0.</summary>
    internal static int Start(T[] array)
    {
        if (array.Length < SmallCount)
        {
            return 0;
        }

        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        return (int)((Alignment - (address & (Alignment - 1))) & (Alignment - 1)) / Unsafe.SizeOf<T>();
    }
}
