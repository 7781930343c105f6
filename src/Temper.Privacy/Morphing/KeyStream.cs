using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Pseudorandom numbers derived from a key's seed for one purpose. HKDF-SHA256 derives a key for the purpose, and
/// AES-256 in counter mode generates bits. A uniform number uses 53 bits; the Box-Muller method turns two uniform
/// numbers into two normal ones.
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
    /// <param name="keyId">16 public bytes, used as the salt.</param>
    /// <param name="purpose">Such as <c>mole/v1/core/0</c>; different purposes give unrelated numbers.</param>
    internal KeyStream(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> keyId, string purpose)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, key, keyId, Encoding.ASCII.GetBytes(purpose));
        _aes = Aes.Create();
        _aes.SetKey(key);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Returns a uniform number in [0, 1) with 53 random bits.</summary>
    internal double NextUniform() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Returns a standard normal number.</summary>
    internal double NextNormal()
    {
        if (_second is { } kept)
        {
            _second = null;
            return kept;
        }

        double radius = Math.Sqrt(-2 * KeyMath.Log(1 - NextUniform()));   // in (0, 1]: the logarithm is finite
        (double sine, double cosine) = KeyMath.Turn(NextUniform());
        _second = radius * sine;
        return radius * cosine;
    }

    /// <summary>
    /// Returns an integer from 0 to <paramref name="count"/> - 1; all are equally likely (rejection sampling).
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
    /// Returns a random permutation of 0 to <paramref name="count"/> - 1; all are equally likely (Fisher-Yates).
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

            // Counter mode: the encrypted counters are the random bits. ECB serves only as the block function.
            _aes.EncryptEcb(_counters, _bits, PaddingMode.None);
            _next = 0;
        }

        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(_bits.AsSpan(_next));
        _next += sizeof(ulong);
        return value;
    }
}
