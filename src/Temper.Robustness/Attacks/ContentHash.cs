namespace Temper.Robustness.Attacks;

/// <summary>
/// FNV-1a hash of the bits of a sample. Random numbers are drawn by content, not by index, so that a sample gets the
/// same ones in any batch.
/// </summary>
internal static class ContentHash
{
    private const ulong Basis = 14695981039346656037, Prime = 1099511628211;

    /// <summary>Hash of a sample.</summary>
    internal static ulong Of(ReadOnlySpan<float> values) => From(Basis, values);

    /// <summary>Hash of a sample and its label.</summary>
    internal static ulong Of(ReadOnlySpan<float> values, int label) => From((Basis ^ (uint)label) * Prime, values);

    private static ulong From(ulong hash, ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            hash = (hash ^ BitConverter.SingleToUInt32Bits(value)) * Prime;
        }

        return hash;
    }
}
