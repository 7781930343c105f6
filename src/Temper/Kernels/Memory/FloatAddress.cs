namespace Temper.Kernels;

/// <summary>Address of pinned floats, passed between kernels and code that does not use pointers.</summary>
internal readonly unsafe record struct FloatAddress
{
    private readonly nint _address;

    internal FloatAddress(float* pointer) => _address = (nint)pointer;

    /// <summary>Returns the address of an array on the pinned heap; the caller must keep the array alive.</summary>
    internal static FloatAddress OfPinned(Array array) =>
        new((float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(array, 0));

    /// <summary>Whether the address is null.</summary>
    internal bool IsNull => _address == 0;

    internal float* Pointer => (float*)_address;

    /// <summary>Returns the address some floats further on.</summary>
    public static FloatAddress operator +(FloatAddress address, long floats) => new(address.Pointer + floats);

    /// <summary>Returns a span that starts at this address.</summary>
    internal Span<float> Span(int count) => new(Pointer, count);
}
