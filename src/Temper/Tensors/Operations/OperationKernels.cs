using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// The kernel choice of the operations that this thread applies. A pass sets it while it runs; each operation keeps the
/// choice it was made with, so its gradient uses the same one whenever the tape runs.
/// </summary>
internal static class OperationKernels
{
    [ThreadStatic]
    private static KernelChoice _current;

    internal static KernelChoice Current => _current;

    /// <summary>Sets the choice of the calling thread until the result is disposed.</summary>
    internal static Usage Use(KernelChoice choice)
    {
        var usage = new Usage(_current);
        _current = choice;
        return usage;
    }

    /// <summary>Restores the earlier choice.</summary>
    internal readonly ref struct Usage(KernelChoice earlier)
    {
        internal void Dispose() => _current = earlier;
    }
}
