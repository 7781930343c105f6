using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Body of a loop over vectors of elements.</summary>
internal interface ILaneBody
{
    /// <summary>Processes elements <paramref name="i"/> to <paramref name="i"/> + T.Count - 1.</summary>
    void Invoke<T>(int i)
        where T : unmanaged, ILanes<T>;
}

/// <summary>
/// The loop of all elementwise kernels: uses the widest vectors first, then narrower ones for the remainder.
/// </summary>
internal static class LaneLoop
{
    /// <summary>Processes elements 0 to <paramref name="length"/> - 1 in fixed chunks on the current pool.</summary>
    internal static void Parallel<TBody>(TBody body, int length)
        where TBody : unmanaged, ILaneBody =>
        Chunks.Run(new ChunkBody<TBody>(body, length), Chunks.Count(length, Chunks.Floats));

    /// <summary>
    /// Processes elements <paramref name="start"/> to <paramref name="end"/> - 1 on the calling thread.
    /// </summary>
    internal static void Serial<TBody>(TBody body, int start, int end)
        where TBody : unmanaged, ILaneBody
    {
        int i = start;
        if (Simd.Active >= SimdWidth.Vector512 && i <= end - Lanes512.Count)
        {
            i = Run<TBody, Lanes512>(body, i, end);
        }

        if (Simd.Active >= SimdWidth.Vector256 && i <= end - Lanes256.Count)
        {
            i = Run<TBody, Lanes256>(body, i, end);
        }

        if (Simd.Active >= SimdWidth.Vector128 && i <= end - Lanes128.Count)
        {
            i = Run<TBody, Lanes128>(body, i, end);
        }

        if (i < end)
        {
            Run<TBody, Lane>(body, i, end);
        }
    }

    /// <summary>
    /// Runs the loop at one vector width. Each width is a separate method, compiled with full optimization from the
    /// first call: with four widths of a long formula in one method, the JIT stops inlining, and the remaining calls
    /// are twenty times slower.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int Run<TBody, T>(TBody body, int i, int end)
        where TBody : unmanaged, ILaneBody
        where T : unmanaged, ILanes<T>
    {
        for (; i <= end - T.Count; i += T.Count)
        {
            body.Invoke<T>(i);
        }

        return i;
    }

    private readonly struct ChunkBody<TBody>(TBody body, int length) : IChunkBody
        where TBody : unmanaged, ILaneBody
    {
        public void Run(int chunk)
        {
            // The end of the last chunk of the longest tensors, start + Floats, would not fit 32 bits.
            int start = chunk * Chunks.Floats;
            Serial(body, start, start + Math.Min(length - start, Chunks.Floats));
        }
    }
}
