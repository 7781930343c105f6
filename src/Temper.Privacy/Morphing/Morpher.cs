using System.Security.Cryptography;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Applies the secret map M of a key. M is orthogonal, so its inverse is its transpose. Rows are morphed as <c>t = x
/// M</c>.
/// </summary>
public sealed class Morpher : IDisposable
{
    /// <summary>
    /// Draws the map of a key. With cores the time grows with the third power of a core's size: about 2 s for 3072
    /// rows.
    /// </summary>
    /// <param name="key">The key.</param>
    public Morpher(MorphKey key)
    {
        Map = key.Map;
        Secret = SecretMap.Of(key);
    }

    /// <summary>Sizes of the map.</summary>
    public MorphMap Map { get; }

    /// <summary>
    /// SHA-256 of the map's contents (little-endian), in hexadecimal; the same on every machine for the same key.
    /// </summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Secret.AppendTo(hash);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Morphs rows.</summary>
    /// <param name="rows">Plain rows, <c>[N, d]</c>.</param>
    /// <param name="result">Receives the morphed rows, <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    public void Apply(ReadOnlySpan<float> rows, Span<float> result)
    {
        Require(rows, result);
        Secret.Apply(rows, result);
    }

    /// <summary>Inverts <see cref="Apply"/>.</summary>
    /// <param name="rows">Morphed rows, <c>[N, d]</c>.</param>
    /// <param name="result">Receives the plain rows, <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    public void Undo(ReadOnlySpan<float> rows, Span<float> result)
    {
        Require(rows, result);
        Secret.Undo(rows, result);
    }

    /// <summary>Zeroes the map in memory.</summary>
    public void Dispose() => Secret.Dispose();

    internal SecretMap Secret { get; }

    private void Require(ReadOnlySpan<float> rows, Span<float> result)
    {
        if (rows.Length % Map.Inputs != 0 || result.Length < rows.Length)
        {
            throw new ArgumentException($"morph: the number of values is not valid (got {rows.Length} inputs and "
                + $"{result.Length} outputs, expected a multiple of {Map.Inputs} and enough outputs)");
        }
    }
}
