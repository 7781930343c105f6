using System.Runtime.InteropServices;

namespace Temper.Kernels;

/// <summary>
/// Floats that stay at one address, on a 64-byte boundary, as long as this object lives: packed weights and buffers.
/// </summary>
internal sealed unsafe class PinnedFloats
{
    private const int Alignment = 64;

    private readonly float[] _array;

    /// <summary>Zeros.</summary>
    internal PinnedFloats(long count)
    {
        Count = checked((int)count);
        _array = GC.AllocateArray<float>(checked(Count + (Alignment / sizeof(float))), pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        Pointer = (float*)((address + Alignment - 1) & ~(nint)(Alignment - 1));
    }

    /// <summary>A copy.</summary>
    internal PinnedFloats(ReadOnlySpan<float> values)
        : this(values.Length) => values.CopyTo(Span);

    internal int Count { get; }

    /// <summary>The first; whoever reads through it must keep this object alive meanwhile.</summary>
    internal float* Pointer { get; }

    internal FloatAddress Address => new(Pointer);

    internal Span<float> Span => new(Pointer, Count);
}
