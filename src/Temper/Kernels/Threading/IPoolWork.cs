namespace Temper.Kernels;

/// <summary>
/// Work of a pool that is not a kernel: each task may run kernels of its own, which then stay on its thread.
/// </summary>
internal interface IPoolWork
{
    /// <summary>Does one task.</summary>
    /// <param name="task">Its number.</param>
    /// <param name="thread">
    /// The thread of the pool that does it, 0 for the caller: no other does another task of this work meanwhile.
    /// </param>
    void Run(int task, int thread);
}
