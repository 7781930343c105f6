using System.Buffers.Binary;
using System.Security.Cryptography;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Reads and writes encrypted key files. Layout (all numbers little-endian):
/// <code>
/// 0   "TMPRMOLE"            8 bytes
/// 8   version 1             uint32
/// 12  channels, height, width, cores, map (0 cores, 1 one core repeated, 2 structured)      5 int32
/// 32  key id                16 bytes
/// 48  PBKDF2-SHA256 rounds  uint32
/// 52  salt 16, nonce 12     28 bytes
/// 80  length of the secrets uint32
/// 84  AES-256-GCM of the seed (32 bytes) and the signing key (PKCS #8), then the tag (16 bytes); the first 84 bytes
///     are the associated data
/// end SHA-256 of everything before; detects damaged files before any round of PBKDF2 and distinguishes them from a
///     wrong password
/// </code>
/// </summary>
internal static class KeyFile
{
    internal const int HeaderBytes = 84;
    internal const int Rounds = 600_000;
    private const int MaxRounds = 10_000_000;
    private const int MaxBytes = 4096;
    private const int TagBytes = 16;
    private const int Repeated = 1, Structured = 2;

    private static ReadOnlySpan<byte> Magic => "TMPRMOLE"u8;

    internal static void Save(string path, MorphKey key, ReadOnlySpan<byte> password)
    {
        byte[] content = Write(key, password);
        AtomicFile.WriteSecret(path, stream => stream.Write(content));
    }

    internal static MorphKey Load(string path, ReadOnlySpan<byte> password)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > MaxBytes)
        {
            throw new ModelFormatException(path, $"morphing key: the file is too long (got {stream.Length} bytes, "
                + $"expected at most {MaxBytes}); this is not a key file");
        }

        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return Read(content, path, password);
    }

    internal static byte[] Write(MorphKey key, ReadOnlySpan<byte> password, int rounds = Rounds)
    {
        if (password.IsEmpty)
        {
            throw new ArgumentException(
                "morphing key: the password is empty; set one with --password-file or TEMPER_MORPH_PASSWORD");
        }

        byte[] secrets = [.. key.Seed, .. key.SigningKey];
        byte[] file = new byte[HeaderBytes + secrets.Length + TagBytes + SHA256.HashSizeInBytes];
        Magic.CopyTo(file);
        int[] numbers = [1, key.Map.Channels, key.Map.Height, key.Map.Width, key.Map.Cores, key.Map.IsStructured
            ? Structured
            : key.Map.IsRepeated ? Repeated : 0];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8 + (4 * i)), numbers[i]);
        }

        key.IdValue.CopyTo(file.AsSpan(32));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(48), rounds);
        RandomNumberGenerator.Fill(file.AsSpan(52, 28));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(80), secrets.Length);
        Span<byte> encryptionKey = stackalloc byte[32];
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(password, file.AsSpan(52, 16), encryptionKey, rounds, HashAlgorithmName.SHA256);
            using var aes = new AesGcm(encryptionKey, TagBytes);
            aes.Encrypt(
                file.AsSpan(68, 12), secrets, file.AsSpan(HeaderBytes, secrets.Length),
                file.AsSpan(HeaderBytes + secrets.Length, TagBytes),
                file.AsSpan(0, HeaderBytes));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encryptionKey);
            CryptographicOperations.ZeroMemory(secrets);
        }

        SHA256.HashData(
            file.AsSpan(0, file.Length - SHA256.HashSizeInBytes), file.AsSpan(file.Length - SHA256.HashSizeInBytes));
        return file;
    }

    internal static MorphKey Read(ReadOnlySpan<byte> file, string name, ReadOnlySpan<byte> password)
    {
        if (file.Length < HeaderBytes + MorphKey.SeedBytes + TagBytes + SHA256.HashSizeInBytes
            || !file.StartsWith(Magic))
        {
            throw new ModelFormatException(name, $"morphing key: not a key file (got {file.Length} bytes); the file "
                + "is truncated or has another format");
        }

        ReadOnlySpan<byte> body = file[..^SHA256.HashSizeInBytes];
        if (!SHA256.HashData(body).AsSpan().SequenceEqual(file[^SHA256.HashSizeInBytes..]))
        {
            throw new ModelFormatException(
                name, "morphing key: the checksum is wrong; the file is damaged or truncated, use a backup copy");
        }

        int Number(int offset, ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]);
        (int version, int rounds, int length) = (Number(8, body), Number(48, body), Number(80, body));
        if (version != 1 || rounds is < 1 or > MaxRounds
            || length != body.Length - HeaderBytes - TagBytes || Number(28, body) is not (0 or Repeated or Structured))
        {
            throw new ModelFormatException(
                name, 8, $"morphing key: the header is not valid (got version {version}, {rounds} rounds, "
                    + $"{length} secret bytes); it may have been written by a newer version of Temper");
        }

        MorphMap map = new(Number(12, body), Number(16, body), Number(20, body))
        {
            Cores = Number(24, body), IsRepeated = Number(28, body) == Repeated,
            IsStructured = Number(28, body) == Structured,
        };
        try
        {
            map.Checked();
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            throw new ModelFormatException(name, 12, $"morphing key: the sizes are not valid ({error.Message})", error);
        }

        byte[] secrets = Decrypt(body, name, password, rounds, length);
        byte[] seed = secrets[..MorphKey.SeedBytes], signing = secrets[MorphKey.SeedBytes..];
        CryptographicOperations.ZeroMemory(secrets);
        return new MorphKey(map, seed, body.Slice(32, MorphKey.IdBytes).ToArray(), signing);
    }

    private static byte[] Decrypt(
        ReadOnlySpan<byte> body, string name, ReadOnlySpan<byte> password, int rounds, int length)
    {
        Span<byte> key = stackalloc byte[32];
        byte[] secrets = new byte[length];
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(password, body.Slice(52, 16), key, rounds, HashAlgorithmName.SHA256);
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(
                body.Slice(68, 12), body.Slice(HeaderBytes, length), body.Slice(HeaderBytes + length, TagBytes),
                secrets, body[..HeaderBytes]);
            return secrets;
        }
        catch (AuthenticationTagMismatchException error)
        {
            CryptographicOperations.ZeroMemory(secrets);
            throw new ModelFormatException(
                name, HeaderBytes, "morphing key: the password is wrong, or the file was changed", error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
