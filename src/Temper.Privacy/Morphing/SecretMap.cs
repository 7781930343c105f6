using System.Security.Cryptography;

namespace Temper.Privacy.Morphing;

/// <summary>An orthogonal map that follows from a key. Rows are morphed as <c>t = x M</c>.</summary>
internal abstract class SecretMap : IDisposable
{
    /// <summary>The map of a key.</summary>
    internal static SecretMap Of(MorphKey key) => key.Map.IsStructured ? new HadamardMap(key) : new CoreMap(key);

    /// <summary><c>x M</c>.</summary>
    /// <param name="rows"><c>[N, d]</c>.</param>
    /// <param name="result">Receives <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    internal abstract void Apply(ReadOnlySpan<float> rows, Span<float> result);

    /// <summary><c>x M⁻¹</c>; parameters as for <see cref="Apply"/>.</summary>
    internal abstract void Undo(ReadOnlySpan<float> rows, Span<float> result);

    /// <summary>Some rows of <c>M⁻¹</c>, from <paramref name="first"/> on.</summary>
    /// <param name="first">Index of the first row.</param>
    /// <param name="rows">Receives <c>[N, d]</c>.</param>
    internal abstract void InverseRows(int first, Span<float> rows);

    /// <summary>Adds all that the map is made of to a hash.</summary>
    internal abstract void AppendTo(IncrementalHash hash);

    /// <summary>Zeroes the map.</summary>
    public abstract void Dispose();
}
