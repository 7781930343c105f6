using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// A register of 32-bit sums to which products of bytes are added: unsigned activations by signed weights, four of each
/// a lane. All forms are exact. The instruction that multiplies bytes and adds neighbors in 16 bit (pmaddubsw) is not
/// used: its sums saturate at 32767, and two products reach 64770.
/// </summary>
/// <typeparam name="T">The register.</typeparam>
/// <typeparam name="TFloat">As many floats.</typeparam>
internal unsafe interface IDotLanes<T, TFloat>
    where T : unmanaged, IDotLanes<T, TFloat>
    where TFloat : unmanaged, ILanes<TFloat>
{
    /// <summary>Sums in the register.</summary>
    static abstract int Count { get; }

    static abstract T Load(int* source);

    void Store(int* target);

    /// <summary>The same four bytes in every lane.</summary>
    static abstract T Broadcast(byte* fourBytes);

    static abstract T operator +(T a, T b);

    /// <summary>
    /// In each lane <c>sum + x0 w0 + x1 w1 + x2 w2 + x3 w3</c>: x unsigned bytes of <paramref name="x"/>, w signed ones
    /// of <paramref name="w"/>.
    /// </summary>
    static abstract T DotAdd(T sum, T x, T w);

    static abstract TFloat ToFloat(T sums);

    /// <summary>Floats of unsigned bytes.</summary>
    static abstract TFloat FromBytes(byte* source);

    /// <summary>The lowest byte of each float's bits.</summary>
    static abstract void StoreBytes(TFloat value, byte* target);
}
