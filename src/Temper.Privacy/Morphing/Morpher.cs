using System.Security.Cryptography;

namespace Temper.Privacy.Morphing;

/// <summary>
/// The secret map of a key: orthogonal, so its inverse is its transpose. Rows are morphed as <c>t = x M</c>.
/// </summary>
public sealed class Morpher : IDisposable
{
    /// <summary>
    /// Draws the map of a key. For cores this takes a time that grows with the third power of a core's side: about 2 s
    /// for 3072.
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
    /// SHA-256 of all that the map is made of, little-endian, in hexadecimal: the same on every machine for one key.
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
    /// <param name="rows"><c>[N, d]</c>.</param>
    /// <param name="result">Receives <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    public void Apply(ReadOnlySpan<float> rows, Span<float> result)
    {
        Require(rows, result);
        Secret.Apply(rows, result);
    }

    /// <summary>Undoes <see cref="Apply"/>.</summary>
    /// <param name="rows"><c>[N, d]</c>, morphed.</param>
    /// <param name="result">Receives <c>[N, d]</c>; must not overlap <paramref name="rows"/>.</param>
    public void Undo(ReadOnlySpan<float> rows, Span<float> result)
    {
        Require(rows, result);
        Secret.Undo(rows, result);
    }

    /// <summary>Zeroes the map.</summary>
    public void Dispose() => Secret.Dispose();

    internal SecretMap Secret { get; }

    private void Require(ReadOnlySpan<float> rows, Span<float> result)
    {
        if (rows.Length % Map.Inputs != 0 || result.Length < rows.Length)
        {
            throw new ArgumentException($"morph: rows do not fit (got {rows.Length} numbers for {result.Length} "
                + $"results, expected a multiple of {Map.Inputs})");
        }
    }
}
