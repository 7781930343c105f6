using System.Security.Cryptography;

namespace Temper.Privacy.Morphing;

/// <summary>
/// A morphing key: 32 secret bytes from which the map and the order of the channels follow, and the key that signs
/// bundles. Make one for each recipient and each data set.
/// </summary>
/// <remarks>
/// The key does not protect the pictures from whoever has the Aug-Conv layer: the layer gives the map away
/// (docs/mole.md). Secrets come from <see cref="RandomNumberGenerator"/> alone. Dispose it: its bytes are zeroed then.
/// </remarks>
public sealed class MorphKey : IDisposable
{
    internal const int SeedBytes = 32;
    internal const int IdBytes = 16;

    private readonly byte[] _seed;
    private readonly byte[] _id;

    internal MorphKey(MorphMap map, byte[] seed, byte[] id, byte[] signingKey)
    {
        Map = map.Checked();
        (_seed, _id, SigningKey) = (seed, id, signingKey);
    }

    /// <summary>Sizes of the map.</summary>
    public MorphMap Map { get; }

    /// <summary>The public name of the key, 32 hexadecimal digits; bundles bear it.</summary>
    public string Id => Convert.ToHexStringLower(_id);

    /// <summary>The ECDSA P-256 key that signs bundles, PKCS #8.</summary>
    internal byte[] SigningKey { get; }

    internal ReadOnlySpan<byte> Seed => _seed;

    internal ReadOnlySpan<byte> IdValue => _id;

    /// <summary>A new key with fresh secrets.</summary>
    /// <param name="map">Sizes of the map.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static MorphKey Create(MorphMap map)
    {
        using ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new MorphKey(
            map, RandomNumberGenerator.GetBytes(SeedBytes), RandomNumberGenerator.GetBytes(IdBytes),
            signing.ExportPkcs8PrivateKey());
    }

    /// <summary>Reads and decrypts a key file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="password">Its password, UTF-8.</param>
    /// <exception cref="Formats.ModelFormatException">
    /// The file is truncated, changed or no key, or the password is wrong.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MorphKey Load(string path, ReadOnlySpan<byte> password) => KeyFile.Load(path, password);

    /// <summary>Writes the key, encrypted, to a file that only its owner may read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="password">UTF-8; not empty.</param>
    /// <exception cref="ArgumentException">The password is empty.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, ReadOnlySpan<byte> password) => KeyFile.Save(path, this, password);

    /// <summary>Zeroes the secret bytes.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_seed);
        CryptographicOperations.ZeroMemory(SigningKey);
    }

    /// <summary>Name and sizes, nothing secret.</summary>
    public override string ToString() => $"key {Id} for {Map.Channels}x{Map.Height}x{Map.Width} "
        + $"{(Map.IsStructured ? "by a structured map" : $"in {Map.Cores} {(Map.IsRepeated ? "equal " : "")}cores")}";

    internal KeyStream Stream(string purpose) => new(_seed, _id, $"mole/v1/{purpose}");

    /// <summary>
    /// The index that each output channel of the convolution comes to: channel i of the layer is channel <c>[i]</c> of
    /// the developer's.
    /// </summary>
    internal int[] ChannelOrder(int channels)
    {
        using KeyStream stream = Stream("perm");
        return stream.NextPermutation(channels);
    }
}
