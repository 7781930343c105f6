using System.Runtime.InteropServices;

namespace Temper.Kernels;

/// <summary>
/// Floats at a fixed address, aligned to 64 bytes, for the lifetime of this object. Used for packed weights and
/// buffers.
/// </summary>
internal sealed unsafe class PinnedFloats
{
    private const int Alignment = 64;

    private readonly float[] _array;

    /// <summary>Allocates zeros.</summary>
    internal PinnedFloats(long count)
    {
        Count = checked((int)count);
        _array = GC.AllocateArray<float>(checked(Count + (Alignment / sizeof(float))), pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        Pointer = (float*)((address + Alignment - 1) & ~(nint)(Alignment - 1));
    }

    /// <summary>Copies values.</summary>
    internal PinnedFloats(ReadOnlySpan<float> values)
        : this(values.Length) => values.CopyTo(Span);

    internal int Count { get; }

    /// <summary>Address of the first float; the caller must keep this object alive while using it.</summary>
    internal float* Pointer { get; }

    internal FloatAddress Address => new(Pointer);

    internal Span<float> Span => new(Pointer, Count);
}
