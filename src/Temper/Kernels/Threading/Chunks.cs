namespace Temper.Kernels;

/// <summary>
/// Work that is split into chunks by its size alone, never by the number of threads, so that results do not depend on
/// the number of threads.
/// </summary>
internal interface IChunkBody
{
    /// <summary>Processes one chunk.</summary>
    /// <param name="chunk">Index of the chunk.</param>
    void Run(int chunk);
}

/// <summary>Runs chunks on the current pool. Allocates nothing.</summary>
internal static unsafe class Chunks
{
    /// <summary>
    /// Number of floats per task of a memory-bound kernel: they take a few microseconds, well above the cost of waking
    /// a worker.
    /// </summary>
    internal const int Floats = 32 * 1024;

    /// <summary>
    /// Returns the number of chunks of <paramref name="size"/> items that cover <paramref name="total"/> items.
    /// </summary>
    internal static int Count(int total, int size) => (int)(((long)total + size - 1) / size);

    /// <summary>
    /// Returns the number of rows of <paramref name="width"/> floats in a chunk of about <see cref="Floats"/> floats.
    /// </summary>
    internal static int Rows(int width) => Math.Max(1, Floats / Math.Max(1, width));

    /// <summary>
    /// Runs all chunks on the current pool. The caller must keep pointers in the body pinned until this method returns.
    /// </summary>
    internal static void Run<TBody>(TBody body, int chunks)
        where TBody : unmanaged, IChunkBody =>
        WorkerPool.Current.Run(&RunOne<TBody>, &body, chunks);

    private static void RunOne<TBody>(void* body, int chunk)
        where TBody : unmanaged, IChunkBody => ((TBody*)body)->Run(chunk);
}
