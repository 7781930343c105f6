using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// The kernel choice of this thread, used by operations it applies. A pass sets it while it runs. Each operation stores
/// the choice it was created with, and its backward pass uses the same one.
/// </summary>
internal static class OperationKernels
{
    [ThreadStatic]
    private static KernelChoice _current;

    internal static KernelChoice Current => _current;

    /// <summary>Sets the choice of this thread until the result is disposed.</summary>
    internal static Usage Use(KernelChoice choice)
    {
        var usage = new Usage(_current);
        _current = choice;
        return usage;
    }

    /// <summary>Restores the previous choice.</summary>
    internal readonly ref struct Usage(KernelChoice earlier)
    {
        internal void Dispose() => _current = earlier;
    }
}
