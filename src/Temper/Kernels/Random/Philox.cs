using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Temper.Kernels;

/// <summary>
/// The counter-based random generator Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
/// 2011). Block <c>p</c> of a stream depends only on the stream and on <c>p</c>, so any thread can generate any block.
/// </summary>
/// <param name="Key">The 64-bit key.</param>
/// <param name="Stream">The upper half of the 128-bit counter; the lower half is the block index.</param>
internal readonly record struct Philox(ulong Key, ulong Stream)
{
    /// <summary>Number of 32-bit words per block.</summary>
    internal const int BlockWords = 4;

    private const int Lanes = 8;
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;      // the golden ratio
    private const uint Weyl1 = 0xBB67AE85;      // sqrt(3) - 1

    /// <summary>Returns the four words of block <paramref name="position"/>.</summary>
    internal (uint W0, uint W1, uint W2, uint W3) Block(ulong position)
    {
        uint c0 = (uint)position, c1 = (uint)(position >> 32), c2 = (uint)Stream, c3 = (uint)(Stream >> 32);
        uint k0 = (uint)Key, k1 = (uint)(Key >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0;
            ulong p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>
    /// Generates the words <paramref name="start"/>, <paramref name="start"/> + 1, ... of the stream (four per block).
    /// </summary>
    internal void Fill(Span<uint> words, ulong start)
    {
        ulong block = start / BlockWords;
        int skip = (int)(start % BlockWords);
        if (skip != 0)
        {
            words = words[CopyPart(block++, skip, words)..];
        }

        for (; Avx2.IsSupported && words.Length >= BlockWords * Lanes; block += Lanes)
        {
            Blocks(block, words[..(BlockWords * Lanes)]);
            words = words[(BlockWords * Lanes)..];
        }

        while (!words.IsEmpty)
        {
            words = words[CopyPart(block++, 0, words)..];
        }
    }

    /// <summary>
    /// Returns the generator of a stream that is independent of this stream and of its splits with other labels.
    /// </summary>
    /// <param name="label">Label of the stream.</param>
    /// <param name="domain">Kind of label; not zero, so that no split equals a block of random words.</param>
    internal Philox Split(ulong label, ulong domain)
    {
        (uint w0, uint w1, uint w2, uint w3) = (this with { Key = Key ^ domain }).Block(label);
        return new Philox(((ulong)w1 << 32) | w0, ((ulong)w3 << 32) | w2);
    }

    /// <summary>
    /// Copies the words of a block from <paramref name="skip"/> on, as far as they fit. Returns the number of copied
    /// words.
    /// </summary>
    private int CopyPart(ulong block, int skip, Span<uint> words)
    {
        (uint w0, uint w1, uint w2, uint w3) = Block(block);
        ReadOnlySpan<uint> part = [w0, w1, w2, w3];
        part = part.Slice(skip, Math.Min(BlockWords - skip, words.Length));
        part.CopyTo(words);
        return part.Length;
    }

    /// <summary>
    /// Generates eight blocks in parallel: the rounds of <see cref="Block"/> on the lower halves of 64-bit lanes. The
    /// upper halves may hold any value.
    /// </summary>
    private unsafe void Blocks(ulong position, Span<uint> words)
    {
        Vector512<ulong> counter = Vector512.Create(position) + Vector512<ulong>.Indices;
        Vector512<ulong> c0 = counter, c1 = counter >>> 32, c2 = Vector512.Create(Stream),
            c3 = Vector512.Create(Stream >> 32);
        uint k0 = (uint)Key, k1 = (uint)(Key >> 32);
        for (int round = 0; round < 10; round++)
        {
            Vector512<ulong> p0 = Multiply(c0, Multiplier0), p1 = Multiply(c2, Multiplier1);
            (c0, c1, c2, c3) = ((p1 >>> 32) ^ c1 ^ Vector512.Create((ulong)k0), p1, (p0 >>> 32) ^ c3 ^ Vector512.Create(
                (ulong)k1), p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        Vector512<ulong> lower = Vector512.Create((ulong)uint.MaxValue);
        Vector512<ulong> w01 = (c0 & lower) | (c1 << 32), w23 = (c2 & lower) | (c3 << 32);
        fixed (uint* target = words)
        {
            Store(w01.GetLower(), w23.GetLower(), target);
            Store(w01.GetUpper(), w23.GetUpper(), target + (2 * Lanes));
        }
    }

    /// <summary>Stores four blocks, interleaving their words 0 and 1 with their words 2 and 3.</summary>
    private static unsafe void Store(Vector256<ulong> w01, Vector256<ulong> w23, uint* target)
    {
        Vector256<ulong> even = Avx2.UnpackLow(w01, w23), odd = Avx2.UnpackHigh(w01, w23);
        Avx2.Permute2x128(even, odd, 0x20).Store((ulong*)target);
        Avx2.Permute2x128(even, odd, 0x31).Store((ulong*)target + 4);
    }

    /// <summary>Returns the 64-bit products of the lower halves of the lanes.</summary>
    private static Vector512<ulong> Multiply(Vector512<ulong> x, uint factor)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.Multiply(x.AsUInt32(), Vector512.Create((ulong)factor).AsUInt32());
        }

        Vector256<uint> factors = Vector256.Create((ulong)factor).AsUInt32();
        return Vector512.Create(
            Avx2.Multiply(x.GetLower().AsUInt32(), factors), Avx2.Multiply(x.GetUpper().AsUInt32(), factors));
    }
}
