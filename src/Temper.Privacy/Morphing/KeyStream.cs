using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Temper.Privacy.Morphing;

/// <summary>
/// The numbers of one purpose that follow from a key's seed: HKDF-SHA256 gives a key for the purpose, AES-256 in
/// counter mode the bits, 53 of them a uniform number, Box and Muller's method two normal ones.
/// </summary>
internal sealed class KeyStream : IDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly Aes _aes;
    private readonly byte[] _counters = new byte[BufferBytes];
    private readonly byte[] _bits = new byte[BufferBytes];
    private ulong _block;
    private int _next = BufferBytes;
    private double? _second;

    /// <param name="seed">32 secret bytes.</param>
    /// <param name="keyId">16 public bytes: the salt.</param>
    /// <param name="purpose">For instance <c>mole/v1/core/0</c>; different purposes give unrelated numbers.</param>
    internal KeyStream(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> keyId, string purpose)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, key, keyId, Encoding.ASCII.GetBytes(purpose));
        _aes = Aes.Create();
        _aes.SetKey(key);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>A number of [0, 1) with 53 bits.</summary>
    internal double NextUniform() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A standard normal number.</summary>
    internal double NextNormal()
    {
        if (_second is { } kept)
        {
            _second = null;
            return kept;
        }

        double radius = Math.Sqrt(-2 * KeyMath.Log(1 - NextUniform()));   // (0, 1]: a logarithm of zero cannot come
        (double sine, double cosine) = KeyMath.Turn(NextUniform());
        _second = radius * sine;
        return radius * cosine;
    }

    /// <summary>
    /// A whole number of 0 to <paramref name="count"/> - 1, each equally likely: what would favor small ones is drawn
    /// again.
    /// </summary>
    internal int NextBelow(int count)
    {
        ulong limit = ulong.MaxValue - (((ulong.MaxValue % (ulong)count) + 1) % (ulong)count);
        ulong value;
        do
        {
            value = NextUInt64();
        }
        while (value > limit);
        return (int)(value % (ulong)count);
    }

    /// <summary>
    /// The numbers 0 to <paramref name="count"/> - 1 in an order of which each is equally likely (Fisher and Yates).
    /// </summary>
    internal int[] NextPermutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = NextBelow(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_bits);
        _second = null;
        _aes.Dispose();
    }

    private ulong NextUInt64()
    {
        if (_next == BufferBytes)
        {
            for (int i = 0; i < BufferBytes; i += 16)
            {
                BinaryPrimitives.WriteUInt64BigEndian(_counters.AsSpan(i + 8), _block++);
            }

            // Counter mode: the encrypted counters are the bits. ECB is only the block function here.
            _aes.EncryptEcb(_counters, _bits, PaddingMode.None);
            _next = 0;
        }

        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(_bits.AsSpan(_next));
        _next += sizeof(ulong);
        return value;
    }
}
