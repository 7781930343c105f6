using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Tensors;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// First half of attack A: finds the secret channel order from the layer. An invertible map preserves the linear
/// relations among the columns of a few output pixels. The projector onto their row space equals the projector of the
/// developer's weights, with rows and columns in the secret order. Its diagonal (the leverage scores) and the
/// magnitudes of its other elements identify the channels.
/// </summary>
internal static class ChannelMatching
{
    /// <summary>Maximum numbers of columns: of single output pixels, and of blocks of several.</summary>
    private const int MaxChannels = 1024, MaxColumns = 512;

    private const int MaxPixels = 16;

    /// <summary>Finds the channel order.</summary>
    /// <param name="columns">The layer.</param>
    /// <param name="weights">The developer's weights, <c>[O, C, KH, KW]</c>.</param>
    /// <returns>
    /// The developer's channel for each channel of the layer, and the relative difference of the projectors (0: equal).
    /// Null: the layer does not have the redundancy that the attack needs.
    /// </returns>
    internal static (int[] Order, double Misfit)? Find(LayerColumns columns, Tensor weights)
    {
        AugConvSizes sizes = columns.Sizes;
        for (int block = 1; block * block * sizes.Outputs <= (block == 1 ? MaxChannels : MaxColumns); block++)
        {
            double[] lowered = Lowered(sizes, weights, block, out int positions);
            int n = block * block * sizes.Outputs;
            if (n <= positions)
            {
                continue;                                         // not redundant
            }

            (int[] corners, int rank) = (Corners(sizes, block), RankOf(lowered, n, positions));
            if (corners.Length > 0 && rank < n)
            {
                double[] known = SymmetricEigen.Projector(Gram(lowered, n, positions), n, rank),
                    seen = new double[n * n];
                foreach (int corner in corners)
                {
                    Accumulate(
                        seen, SymmetricEigen.Projector(GramOf(columns, corner, block), n, rank), 1.0 / corners.Length);
                }

                return Match(known, seen, sizes.Outputs, block * block);
            }
        }

        return null;
    }

    /// <summary>
    /// Returns the convolution of a block of output pixels as a matrix <c>[pixels x outputs, kernel positions]</c>
    /// applied to the input patch that the block reads.
    /// </summary>
    private static double[] Lowered(in AugConvSizes sizes, Tensor weights, int block, out int positions)
    {
        int height = (sizes.StrideHeight * (block - 1)) + sizes.KernelHeight,
            width = (sizes.StrideWidth * (block - 1)) + sizes.KernelWidth;
        positions = sizes.Channels * height * width;
        double[] matrix = new double[block * block * sizes.Outputs * positions];
        ReadOnlySpan<float> w = weights.AsSpan<float>();
        for (int cell = 0; cell < block * block; cell++)
        {
            (int row, int column) = (cell / block * sizes.StrideHeight, cell % block * sizes.StrideWidth);
            for (int o = 0; o < sizes.Outputs; o++)
            {
                for (int c = 0; c < sizes.Channels; c++)
                {
                    for (int u = 0; u < sizes.KernelHeight; u++)
                    {
                        for (int v = 0; v < sizes.KernelWidth; v++)
                        {
                            matrix[(((cell * sizes.Outputs) + o) * positions)
                                + (((c * height) + row + u) * width) + column + v] =
                                w[(((((o * sizes.Channels) + c) * sizes.KernelHeight) + u) * sizes.KernelWidth) + v];
                        }
                    }
                }
            }
        }

        return matrix;
    }

    /// <summary>
    /// Returns the first output pixels of some blocks whose patches lie inside the picture, spread over the picture.
    /// </summary>
    private static int[] Corners(in AugConvSizes sizes, int block)
    {
        var inside = new List<int>();
        for (int row = 0; row + block <= sizes.OutHeight; row++)
        {
            for (int column = 0; column + block <= sizes.OutWidth; column++)
            {
                int top = (row * sizes.StrideHeight) - sizes.PadTop,
                    left = (column * sizes.StrideWidth) - sizes.PadLeft;
                int bottom = top + ((block - 1) * sizes.StrideHeight) + sizes.KernelHeight,
                    right = left + ((block - 1) * sizes.StrideWidth) + sizes.KernelWidth;
                if (top >= 0 && left >= 0 && bottom <= sizes.Height && right <= sizes.Width)
                {
                    inside.Add((row * sizes.OutWidth) + column);
                }
            }
        }

        int count = Math.Min(inside.Count, block == 1 && sizes.Outputs <= MaxColumns ? MaxPixels : 4);
        return [.. Enumerable.Range(0, count).Select(i => inside[(int)((long)i * inside.Count / count)])];
    }

    private static int RankOf(double[] lowered, int n, int positions) =>
        Math.Min(positions, SymmetricEigen.Rank(SymmetricEigen.Of(Gram(lowered, n, positions), n).Values));

    /// <summary>Computes <c>L Lᵀ</c>.</summary>
    private static double[] Gram(double[] lowered, int n, int positions) =>
        DenseMatrix.Product(lowered, DenseMatrix.Transposed(lowered, n, positions), n, positions, n);

    /// <summary>Computes <c>Aᵀ A</c> of the layer's columns at a block of pixels.</summary>
    private static double[] GramOf(LayerColumns columns, int corner, int block)
    {
        AugConvSizes sizes = columns.Sizes;
        int n = block * block * sizes.Outputs;
        double[] a = new double[sizes.Inputs * n];
        for (int cell = 0; cell < block * block; cell++)
        {
            columns.Columns(
                corner + (cell / block * sizes.OutWidth) + (cell % block), a.AsSpan(cell * sizes.Outputs), n);
        }

        return DenseMatrix.TransposedProduct(a, a, sizes.Inputs, n, n);
    }

    private static (int[] Order, double Misfit) Match(double[] known, double[] seen, int outputs, int cells)
    {
        double[][] a = Signatures(known, outputs, cells), b = Signatures(seen, outputs, cells);
        double[] cost = new double[outputs * outputs];
        for (int i = 0; i < outputs; i++)
        {
            for (int j = 0; j < outputs; j++)
            {
                cost[(i * outputs) + j] = Math.Pow(TensorPrimitives.Distance<double>(b[i], a[j]), 2);
            }
        }

        int[] order = Assignment.Minimize(cost, outputs);
        double difference = 0, length = 0;
        int n = outputs * cells;
        int From(int index) => (index / outputs * outputs) + order[index % outputs];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                difference += Math.Pow(seen[(i * n) + j] - known[(From(i) * n) + From(j)], 2);
                length += Math.Pow(known[(i * n) + j], 2);
            }
        }

        return (order, Math.Sqrt(difference / length));
    }

    /// <summary>
    /// Returns the features of each channel's row of the projector that do not depend on the order of the other
    /// channels.
    /// </summary>
    private static double[][] Signatures(double[] projector, int outputs, int cells)
    {
        int n = outputs * cells;
        double[][] signatures = new double[outputs][];
        for (int channel = 0; channel < outputs; channel++)
        {
            var values = new List<double>();
            for (int cell = 0; cell < cells; cell++)
            {
                int row = (cell * outputs) + channel;
                values.Add(3 * projector[(row * n) + row]);
                for (int other = 0; other < cells; other++)
                {
                    // The positions of a channel's own elements at other pixels are known. Of the elements with other
                    // channels, only the sorted magnitudes are used.
                    values.Add(projector[(row * n) + (other * outputs) + channel]);
                    values.AddRange(Enumerable.Range(0, outputs).Where(o => o != channel)
                        .Select(o => Math.Abs(projector[(row * n) + (other * outputs) + o])).Order());
                }
            }

            signatures[channel] = [.. values];
        }

        return signatures;
    }

    private static void Accumulate(double[] sum, double[] values, double factor)
    {
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += values[i] * factor;
        }
    }
}
