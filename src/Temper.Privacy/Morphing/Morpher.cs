using System.Security.Cryptography;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Applies the secret map M of a key. M is orthogonal, so its inverse is its transpose. Rows are morphed as <c>t = x
/// M</c>.
/// </summary>
public sealed class Morpher : IDisposable
{
    private readonly SecretMap _secret;
    private bool _isDisposed;

    /// <summary>
    /// Draws the map of a key. With cores the time grows with the third power of a core's size: about 2 s for 3072
    /// rows.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public Morpher(MorphKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Map = key.Map;
        KeyId = key.Id;
        _secret = SecretMap.Of(key);
    }

    /// <summary>Public identifier of the key whose map this is.</summary>
    public string KeyId { get; }

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

    /// <summary>Zeroes the map in memory. The morpher cannot be used afterwards.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _secret.Dispose();
    }

    /// <exception cref="ObjectDisposedException">The morpher has been disposed: its map is zero.</exception>
    internal SecretMap Secret
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _secret;
        }
    }

    /// <summary>Throws if this is the map of another key than the one it is used with.</summary>
    /// <param name="key">The key.</param>
    /// <param name="operation">What is done, for the message.</param>
    internal void RequireOf(MorphKey key, string operation)
    {
        if (!string.Equals(KeyId, key.Id, StringComparison.Ordinal))
        {
            throw new ArgumentException($"{operation}: the morpher belongs to another key (got {KeyId}, expected "
                + $"{key.Id}); create it from the same key");
        }
    }

    private void Require(ReadOnlySpan<float> rows, Span<float> result)
    {
        if (rows.Length % Map.Inputs != 0 || result.Length < rows.Length)
        {
            throw new ArgumentException($"morph: the number of values is not valid (got {rows.Length} inputs and "
                + $"{result.Length} outputs, expected a multiple of {Map.Inputs} and enough outputs)");
        }
    }
}
