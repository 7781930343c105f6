namespace Temper.Kernels;

/// <summary>
/// Weights of a convolution without their zeros: output channels in blocks that share the offsets of their weights, and
/// for each block the offsets and, for each offset, a weight of every channel.
/// </summary>
internal sealed unsafe class SparsePattern
{
    private SparsePattern(int block, int parts, int[] starts, PinnedFloats offsets, PinnedFloats weights)
    {
        (Block, Parts, Starts) = (block, parts, starts);
        (Offsets, Weights) = (offsets, weights);
    }

    /// <summary>Channels of a block.</summary>
    internal int Block { get; }

    /// <summary>
    /// Parts of the sum: all blocks with the offsets of some input channels, then all with those of the next.
    /// </summary>
    internal int Parts { get; }

    /// <summary>For each part and block the number of its first offset; one more at the end.</summary>
    internal int[] Starts { get; }

    /// <summary>
    /// Offsets, as integers: numbers in the row of an output, or, for some layout, where in it the pixels are.
    /// </summary>
    internal PinnedFloats Offsets { get; }

    internal PinnedFloats Weights { get; }

    internal int Blocks => (Starts.Length - 1) / Parts;

    /// <summary>Offsets of all blocks.</summary>
    internal int Count => Starts[^1];

    /// <summary>Drops zeros.</summary>
    /// <param name="weight"><c>[O, K]</c>.</param>
    /// <param name="outputs">O.</param>
    /// <param name="block">Channels of a block; those of a last block that do not exist get zeros.</param>
    internal static SparsePattern Of(ReadOnlySpan<float> weight, int outputs, int block)
    {
        int depth = outputs == 0 ? 0 : weight.Length / outputs, blocks = Chunks.Count(outputs, block);
        int[] starts = new int[blocks + 1];
        for (int b = 0; b < blocks; b++)
        {
            starts[b + 1] = starts[b];
            for (int k = 0; k < depth; k++)
            {
                starts[b + 1] += IsUsed(weight, outputs, depth, b * block, block, k) ? 1 : 0;
            }
        }

        var offsets = new PinnedFloats(starts[blocks]);
        var weights = new PinnedFloats((long)starts[blocks] * block);
        int* offset = (int*)offsets.Pointer;
        float* target = weights.Pointer;
        for (int b = 0; b < blocks; b++)
        {
            for (int k = 0; k < depth; k++)
            {
                if (IsUsed(weight, outputs, depth, b * block, block, k))
                {
                    *offset++ = k;
                    for (int o = b * block; o < (b + 1) * block; o++)
                    {
                        *target++ = o < outputs ? weight[(o * depth) + k] : 0;
                    }
                }
            }
        }

        return new SparsePattern(block, 1, starts, offsets, weights);
    }

    /// <summary>
    /// The same weights for pixels in some layout, in parts, so that what a part reads of a tile's pixels stays in the
    /// first-level cache.
    /// </summary>
    /// <param name="parts">How many.</param>
    /// <param name="partOf">The part of a number in the row of an output; rises with it.</param>
    /// <param name="offsetOf">The offset in memory by output channel and number in its row.</param>
    internal SparsePattern Placed(int parts, Func<int, int> partOf, Func<int, int, int> offsetOf)
    {
        int[] starts = new int[(parts * Blocks) + 1];
        var offsets = new PinnedFloats(Count);
        PinnedFloats weights = parts == 1 ? Weights : new PinnedFloats(Weights.Count);
        int* from = (int*)Offsets.Pointer, to = (int*)offsets.Pointer;
        int next = 0;
        int[] at = Starts[..^1];
        for (int part = 0; part < parts; part++)
        {
            for (int b = 0; b < Blocks; b++)
            {
                for (; at[b] < Starts[b + 1] && (parts == 1 || partOf(from[at[b]]) == part); at[b]++, next++)
                {
                    to[next] = offsetOf(b * Block, from[at[b]]);
                    if (parts > 1)
                    {
                        Weights.Span.Slice(at[b] * Block, Block).CopyTo(weights.Span[(next * Block)..]);
                    }
                }

                starts[(part * Blocks) + b + 1] = next;
            }
        }

        return new SparsePattern(Block, parts, starts, offsets, weights);
    }

    /// <summary>Offsets that blocks of some channels would have.</summary>
    internal static long OffsetsOf(ReadOnlySpan<float> weight, int outputs, int block)
    {
        int depth = outputs == 0 ? 0 : weight.Length / outputs;
        long count = 0;
        for (int first = 0; first < outputs; first += block)
        {
            for (int k = 0; k < depth; k++)
            {
                count += IsUsed(weight, outputs, depth, first, block, k) ? 1 : 0;
            }
        }

        return count;
    }

    private static bool IsUsed(ReadOnlySpan<float> weight, int outputs, int depth, int first, int block, int k)
    {
        for (int o = first; o < Math.Min(first + block, outputs); o++)
        {
            if (weight[(o * depth) + k] != 0)
            {
                return true;
            }
        }

        return false;
    }
}
