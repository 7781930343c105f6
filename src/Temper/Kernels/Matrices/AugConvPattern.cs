using System.Globalization;

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
            string signature = string.Join(',', cores.Select(core => core.ToString(CultureInfo.InvariantCulture)));
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

    private static int[] CoresOf(in AugConvSizes sizes, int outRow, int outColumn)
    {
        var cores = new SortedSet<int>();
        int left = (outColumn * sizes.StrideWidth) - sizes.PadLeft;
        (int first, int last) = (Math.Max(left, 0), Math.Min(left + sizes.KernelWidth, sizes.Width) - 1);
        for (int channel = 0; channel < sizes.Channels && first <= last; channel++)
        {
            for (int position = 0; position < sizes.KernelHeight; position++)
            {
                int row = (outRow * sizes.StrideHeight) - sizes.PadTop + position;
                if (row < 0 || row >= sizes.Height)
                {
                    continue;
                }

                int start = ((channel * sizes.Height) + row) * sizes.Width;
                for (int core = (start + first) / sizes.CoreSide; core <= (start + last) / sizes.CoreSide; core++)
                {
                    cores.Add(core);
                }
            }
        }

        return [.. cores];
    }
}
