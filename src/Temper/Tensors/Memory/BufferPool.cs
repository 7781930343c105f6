using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Temper.Tensors.Memory;

/// <summary>
/// The arrays of tensors: returned ones are kept, so that a training step in steady state allocates none.
/// </summary>
/// <remarks>Arrays are pinned, so the aligned start inside each stays aligned. Contents are not cleared.</remarks>
internal static class BufferPool<T>
    where T : unmanaged
{
    private const int Alignment = 64;

    /// <summary>
    /// Below this many elements alignment gains nothing, and the pinned heap costs more than the common one.
    /// </summary>
    private const int SmallCount = 1024;

    /// <summary>Pooled arrays are all pinned, hence none is small.</summary>
    private static readonly BufferStore<T> Store = new(Slack, SmallCount);

    private static int Slack => Alignment / Unsafe.SizeOf<T>();

    /// <summary>Bytes of all arrays of the pool, rented or free.</summary>
    internal static long HeldBytes => Store.Held * Unsafe.SizeOf<T>();

    /// <summary>An array with at least <paramref name="count"/> elements after its aligned start.</summary>
    internal static T[] Rent(int count) => Store.Rent(count);

    /// <summary>Takes an array back that was rented for <paramref name="count"/> elements.</summary>
    internal static void Return(T[] array, int count) => Store.Return(array, count);

    /// <summary>
    /// An array that belongs to the garbage collector: exactly as large as asked, not pinned when small.
    /// </summary>
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
}
