using System.Runtime.InteropServices;

namespace Temper.Kernels;

/// <summary>
/// Sizes of a convolution whose input is obscured by a block-diagonal map with cores of <paramref name="CoreSide"/>
/// rows.
/// </summary>
internal readonly record struct AugConvSizes(
    int Channels, int Height, int Width, int Outputs, int KernelHeight, int KernelWidth, int StrideHeight,
    int StrideWidth,
    int PadTop, int PadLeft, int OutHeight, int OutWidth, int CoreSide)
{
    /// <summary>Number of elements per sample, d.</summary>
    internal int Inputs => Channels * Height * Width;

    internal int Pixels => OutHeight * OutWidth;
}

/// <summary>Output pixels that depend on the same cores. Their weights form one dense matrix.</summary>
/// <param name="Cores">Indices of the cores that the pixels read, ascending.</param>
/// <param name="Pixels">Indices of the output pixels, ascending.</param>
/// <param name="Offset">Offset of the group's weights, in floats.</param>
internal sealed record AugConvGroup(int[] Cores, int[] Pixels, long Offset);

/// <summary>
/// Sparsity pattern of an Aug-Conv layer: the cores of the secret map that each output pixel reads. Only the
/// corresponding rows of the layer's matrix are stored and multiplied, one group after another, each as <c>[cores, core
/// side, pixels, output channels]</c>. With a single core there is one group, the whole matrix.
/// </summary>
internal sealed class AugConvPattern
{
    internal AugConvPattern(AugConvSizes sizes)
    {
        Sizes = sizes;
        var bySignature = new Dictionary<string, (int[] Cores, List<int> Pixels)>(StringComparer.Ordinal);
        var order = new List<(int[] Cores, List<int> Pixels)>();
        for (int pixel = 0; pixel < sizes.Pixels; pixel++)
        {
            int[] cores = CoresOf(sizes, pixel / sizes.OutWidth, pixel % sizes.OutWidth);
            // The numbers of the cores as the characters of a string: a short key for the dictionary.
            string signature = new(MemoryMarshal.Cast<int, char>(new ReadOnlySpan<int>(cores)));
            if (!bySignature.TryGetValue(signature, out (int[] Cores, List<int> Pixels) group))
            {
                bySignature[signature] = group = (cores, []);
                order.Add(group);
            }

            group.Pixels.Add(pixel);
        }

        var groups = new List<AugConvGroup>(order.Count);
        foreach ((int[] cores, List<int> pixels) in order)
        {
            groups.Add(new AugConvGroup(cores, [.. pixels], Count));
            Count += (long)cores.Length * sizes.CoreSide * pixels.Count * sizes.Outputs;
        }

        Groups = groups;
    }

    internal AugConvSizes Sizes { get; }

    internal IReadOnlyList<AugConvGroup> Groups { get; }

    /// <summary>Total number of weights.</summary>
    internal long Count { get; }

    /// <summary>Whether there is a single dense matrix whose columns are in the order of the result.</summary>
    internal bool IsDense => Groups is [{ Pixels: var pixels } only]
        && pixels.Length == Sizes.Pixels
        && only.Cores.Length * Sizes.CoreSide == Sizes.Inputs;

    internal int RowsOf(AugConvGroup group) => group.Cores.Length * Sizes.CoreSide;

    internal int ColumnsOf(AugConvGroup group) => group.Pixels.Length * Sizes.Outputs;

    /// <summary>Returns the cores that an output pixel reads, ascending.</summary>
    private static int[] CoresOf(in AugConvSizes sizes, int outRow, int outColumn)
    {
        var cores = new List<int>();
        (int top, int bottom) = Inside((outRow * sizes.StrideHeight) - sizes.PadTop, sizes.KernelHeight, sizes.Height);
        (int left, int right) = Inside((outColumn * sizes.StrideWidth) - sizes.PadLeft, sizes.KernelWidth, sizes.Width);
        for (int channel = 0; channel < sizes.Channels && left < right; channel++)
        {
            for (int row = top; row < bottom; row++)
            {
                int start = ((channel * sizes.Height) + row) * sizes.Width;
                int first = (start + left) / sizes.CoreSide, last = (start + right - 1) / sizes.CoreSide;

                // Rows ascend, so only the last core found so far can be read again.
                for (int core = cores is [.., int found] ? Math.Max(first, found + 1) : first; core <= last; core++)
                {
                    cores.Add(core);
                }
            }
        }

        return [.. cores];
    }

    /// <summary>Returns the part of a kernel that lies inside the image: its first position, and the end.</summary>
    private static (int First, int End) Inside(int place, int kernel, int length) =>
        (Math.Max(place, 0), Math.Min(place + kernel, length));
}
