namespace Temper.Kernels;

/// <summary>
/// Work for a pool, other than a kernel. A task may call kernels, which then run on the task's thread only.
/// </summary>
internal interface IPoolWork
{
    /// <summary>Runs one task.</summary>
    /// <param name="task">Index of the task.</param>
    /// <param name="thread">
    /// Index of the pool thread that runs the task, 0 for the caller. A thread runs one task of this work at a time.
    /// </param>
    void Run(int task, int thread);
}
