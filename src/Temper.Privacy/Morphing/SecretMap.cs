using System.Security.Cryptography;

namespace Temper.Privacy.Morphing;

/// <summary>An orthogonal map derived from a key. Rows are morphed as <c>t = x M</c>.</summary>
internal abstract class SecretMap : IDisposable
{
    /// <summary>Creates the map of a key.</summary>
    internal static SecretMap Of(MorphKey key) => key.Map.IsStructured ? new HadamardMap(key) : new CoreMap(key);

    /// <summary>Computes <c>x M</c>.</summary>
    /// <param name="rows"><c>[N, d]</c>.</param>
    /// <param name="result">Receives <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    internal abstract void Apply(ReadOnlySpan<float> rows, Span<float> result);

    /// <summary>Computes <c>x M⁻¹</c>; parameters as for <see cref="Apply"/>.</summary>
    internal abstract void Undo(ReadOnlySpan<float> rows, Span<float> result);

    /// <summary>Computes rows of <c>M⁻¹</c>.</summary>
    /// <param name="first">Index of the first row.</param>
    /// <param name="rows">Receives <c>[N, d]</c>.</param>
    internal abstract void InverseRows(int first, Span<float> rows);

    /// <summary>Adds the complete contents of the map to a hash.</summary>
    internal abstract void AppendTo(IncrementalHash hash);

    /// <summary>Zeroes the map in memory.</summary>
    public abstract void Dispose();
}
