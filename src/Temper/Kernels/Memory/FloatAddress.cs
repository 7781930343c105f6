namespace Temper.Kernels;

/// <summary>
/// Where floats lie that somebody keeps in place: what passes between code that does not touch pointers and kernels.
/// </summary>
internal readonly unsafe record struct FloatAddress
{
    private readonly nint _address;

    internal FloatAddress(float* pointer) => _address = (nint)pointer;

    /// <summary>The first element of an array on the pinned heap, whoever uses it keeping the array alive.</summary>
    internal static FloatAddress OfPinned(Array array) =>
        new((float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(array, 0));

    /// <summary>Whether it is no place at all.</summary>
    internal bool IsNull => _address == 0;

    internal float* Pointer => (float*)_address;

    /// <summary>The address some floats further.</summary>
    public static FloatAddress operator +(FloatAddress address, long floats) => new(address.Pointer + floats);

    /// <summary>The floats from here on.</summary>
    internal Span<float> Span(int count) => new(Pointer, count);
}
