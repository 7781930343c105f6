namespace Temper.Kernels;

/// <summary>
/// The counter-based generator Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011):
/// block <c>p</c> of a stream is a function of the stream and <c>p</c> alone, so any thread can make any block.
/// </summary>
/// <param name="Key">The 64-bit key.</param>
/// <param name="Stream">The upper half of the 128-bit counter; the position is the lower half.</param>
internal readonly record struct Philox(ulong Key, ulong Stream)
{
    /// <summary>32-bit words in a block.</summary>
    internal const int BlockWords = 4;

    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;      // the golden ratio
    private const uint Weyl1 = 0xBB67AE85;      // sqrt(3) - 1

    /// <summary>The four words of block <paramref name="position"/>.</summary>
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

    /// <summary>Words <paramref name="start"/>, <paramref name="start"/> + 1, ... of the stream (four a block).</summary>
    internal void Fill(Span<uint> words, ulong start)
    {
        ulong block = start / BlockWords;
        int skip = (int)(start % BlockWords);
        while (!words.IsEmpty)
        {
            (uint w0, uint w1, uint w2, uint w3) = Block(block++);
            if (skip == 0 && words.Length >= BlockWords)
            {
                words[3] = w3;
                words[2] = w2;
                words[1] = w1;
                words[0] = w0;
                words = words[BlockWords..];
                continue;
            }

            ReadOnlySpan<uint> part = [w0, w1, w2, w3];
            part = part.Slice(skip, Math.Min(BlockWords - skip, words.Length));
            part.CopyTo(words);
            words = words[part.Length..];
            skip = 0;
        }
    }

    /// <summary>The generator of a stream that is independent of this one and of its splits with other labels.</summary>
    /// <param name="label">Which one.</param>
    /// <param name="domain">Kind of label; not zero, so that no split can equal a block of numbers.</param>
    internal Philox Split(ulong label, ulong domain)
    {
        (uint w0, uint w1, uint w2, uint w3) = (this with { Key = Key ^ domain }).Block(label);
        return new Philox(((ulong)w1 << 32) | w0, ((ulong)w3 << 32) | w2);
    }
}
