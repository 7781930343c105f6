namespace Temper.Kernels;

/// <summary>
/// Weights of a convolution without their zeros. Output channels form blocks whose weights share their offsets; a block
/// stores its offsets and, for each offset, one weight per channel.
/// </summary>
internal sealed unsafe class SparsePattern
{
    private SparsePattern(int block, int parts, int[] starts, PinnedFloats offsets, PinnedFloats weights)
    {
        (Block, Parts, Starts) = (block, parts, starts);
        (Offsets, Weights) = (offsets, weights);
    }

    /// <summary>Number of channels per block.</summary>
    internal int Block { get; }

    /// <summary>
    /// Number of parts into which each sum is split: first all blocks with the offsets of some input channels, then all
    /// blocks with those of the next input channels, and so on.
    /// </summary>
    internal int Parts { get; }

    /// <summary>Index of the first offset of each part and block, with the total number at the end.</summary>
    internal int[] Starts { get; }

    /// <summary>
    /// Offsets, as integers: indices in an output's row of weights, or, after <see cref="Placed"/>, memory offsets of
    /// pixels.
    /// </summary>
    internal PinnedFloats Offsets { get; }

    internal PinnedFloats Weights { get; }

    internal int Blocks => (Starts.Length - 1) / Parts;

    /// <summary>Number of offsets of all blocks.</summary>
    internal int Count => Starts[^1];

    /// <summary>Builds the pattern of a weight by dropping its zeros.</summary>
    /// <param name="weight"><c>[O, K]</c>.</param>
    /// <param name="outputs">Number of output channels, O.</param>
    /// <param name="block">Number of channels per block; missing channels of the last block get zeros.</param>
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
    /// Returns the same weights with memory offsets for a layout, split into parts such that the input of a tile for
    /// one part stays in the L1 cache.
    /// </summary>
    /// <param name="parts">Number of parts.</param>
    /// <param name="partOf">Returns the part of an index in an output's row; must not decrease with the index.</param>
    /// <param name="offsetOf">Returns the memory offset for an output channel and an index in its row.</param>
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

    /// <summary>Returns the number of offsets for a block size.</summary>
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
