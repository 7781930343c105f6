namespace Temper.Kernels;

/// <summary>
/// Work that is cut in pieces by its size alone, never by the number of threads, so that results do not depend on it.
/// </summary>
internal interface IChunkBody
{
    /// <summary>Does one piece.</summary>
    /// <param name="chunk">Its number.</param>
    void Run(int chunk);
}

/// <summary>Runs chunks on the current pool. Allocates nothing.</summary>
internal static unsafe class Chunks
{
    /// <summary>
    /// Floats a task of a memory-bound kernel takes: some microseconds, well above the cost of waking a worker.
    /// </summary>
    internal const int Floats = 32 * 1024;

    /// <summary>Chunks of <paramref name="size"/> that cover <paramref name="total"/>.</summary>
    internal static int Count(int total, int size) => (int)(((long)total + size - 1) / size);

    /// <summary>Rows of <paramref name="width"/> floats that make one chunk of about <see cref="Floats"/>.</summary>
    internal static int Rows(int width) => Math.Max(1, Floats / Math.Max(1, width));

    /// <summary>
    /// Runs all chunks on the current pool; pointers in the body must stay pinned by the caller meanwhile.
    /// </summary>
    internal static void Run<TBody>(TBody body, int chunks)
        where TBody : unmanaged, IChunkBody =>
        WorkerPool.Current.Run(&RunOne<TBody>, &body, chunks);

    private static void RunOne<TBody>(void* body, int chunk)
        where TBody : unmanaged, IChunkBody => ((TBody*)body)->Run(chunk);
}
