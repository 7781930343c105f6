using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// A register of 32-bit sums that accumulate byte products: unsigned activations times signed weights, four products
/// per lane. All implementations are exact. The instruction pmaddubsw, which adds neighboring products in 16 bits, is
/// not used: its sums saturate at 32767, but two products can reach 64770.
/// </summary>
/// <typeparam name="T">The register type.</typeparam>
/// <typeparam name="TFloat">The register type with the same number of floats.</typeparam>
internal unsafe interface IDotLanes<T, TFloat>
    where T : unmanaged, IDotLanes<T, TFloat>
    where TFloat : unmanaged, ILanes<TFloat>
{
    /// <summary>Number of sums in the register.</summary>
    static abstract int Count { get; }

    static abstract T Load(int* source);

    void Store(int* target);

    /// <summary>Broadcasts the same four bytes to every lane.</summary>
    static abstract T Broadcast(byte* fourBytes);

    static abstract T operator +(T a, T b);

    /// <summary>
    /// Computes <c>sum + x0 w0 + x1 w1 + x2 w2 + x3 w3</c> in each lane, with the unsigned bytes of <paramref
    /// name="x"/> and the signed bytes of <paramref name="w"/>.
    /// </summary>
    static abstract T DotAdd(T sum, T x, T w);

    static abstract TFloat ToFloat(T sums);

    /// <summary>Converts unsigned bytes to floats.</summary>
    static abstract TFloat FromBytes(byte* source);

    /// <summary>Stores the lowest byte of each float's bit pattern.</summary>
    static abstract void StoreBytes(TFloat value, byte* target);
}
