using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Kernels;

/// <summary>
/// Products with the stored part of an Aug-Conv matrix. For each group, the cores that it reads are gathered from the
/// samples and multiplied with the group's dense matrix, and the result is scattered to the group's pixels. The work is
/// therefore proportional to the number of stored weights.
/// </summary>
internal static unsafe class AugConvProduct
{
    /// <summary>Number of samples per block; the matrix of a group is read once per block.</summary>
    internal const int BlockRows = 256;

    /// <summary>Computes the outputs of one group.</summary>
    /// <param name="pattern">Sparsity pattern of the matrix.</param>
    /// <param name="group">The group.</param>
    /// <param name="x">Samples, <c>[rows, inputs]</c>.</param>
    /// <param name="weight">Weights of all groups.</param>
    /// <param name="bias"><c>[outputs]</c>; empty: none.</param>
    /// <param name="y">Receives the group's pixels of <c>[rows, pixels, outputs]</c>.</param>
    internal static void Forward(
        AugConvPattern pattern, AugConvGroup group, ReadOnlySpan<float> x, ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias, Span<float> y)
    {
        (int depth, int columns, int rows) =
            (pattern.RowsOf(group), pattern.ColumnsOf(group), x.Length / pattern.Sizes.Inputs);
        Span<float> gathered = Rent(Scratch.Use.Gathered, (long)rows * depth),
            product = Rent(Scratch.Use.Product, (long)rows * columns);
        GatherCores(pattern, group, x, gathered);
        Gemm.Multiply(new MatrixView(gathered, rows, depth), Weights(pattern, group, weight), product);
        MovePixels(pattern, group, y, product, isGather: false);
        AddBias(pattern, group, y, bias);
    }

    /// <summary>Adds one group's contribution to the input gradient: <c>dx += dy Bᵀ</c>.</summary>
    internal static void BackwardInput(
        AugConvPattern pattern, AugConvGroup group, Span<float> dx, ReadOnlySpan<float> weight, Span<float> dy)
    {
        (int depth, int columns, int rows) =
            (pattern.RowsOf(group), pattern.ColumnsOf(group), dx.Length / pattern.Sizes.Inputs);
        Span<float> gathered = Rent(Scratch.Use.Gathered, (long)rows * depth),
            product = Rent(Scratch.Use.Product, (long)rows * columns);
        MovePixels(pattern, group, dy, product, isGather: true);
        Gemm.Multiply(new MatrixView(product, rows, columns), Weights(pattern, group, weight).Transposed, gathered);
        AddCores(pattern, group, gathered, dx);
    }

    /// <summary>Computes the gradient of one group's weights, summed over all samples: <c>dB = xᵀ dy</c>.</summary>
    internal static void BackwardWeight(
        AugConvPattern pattern, AugConvGroup group, ReadOnlySpan<float> x, Span<float> dWeight, Span<float> dy)
    {
        (int depth, int columns, int rows) =
            (pattern.RowsOf(group), pattern.ColumnsOf(group), x.Length / pattern.Sizes.Inputs);
        Span<float> gathered = Rent(Scratch.Use.Gathered, (long)rows * depth),
            product = Rent(Scratch.Use.Product, (long)rows * columns);
        GatherCores(pattern, group, x, gathered);
        MovePixels(pattern, group, dy, product, isGather: true);
        Gemm.Multiply(
            new MatrixView(gathered, rows, depth).Transposed, new MatrixView(product, rows, columns),
            dWeight.Slice((int)group.Offset, depth * columns));
    }

    private static MatrixView Weights(AugConvPattern pattern, AugConvGroup group, ReadOnlySpan<float> weight)
    {
        (int depth, int columns) = (pattern.RowsOf(group), pattern.ColumnsOf(group));
        return new MatrixView(weight.Slice((int)group.Offset, depth * columns), depth, columns);
    }

    private static void GatherCores(
        AugConvPattern pattern, AugConvGroup group, ReadOnlySpan<float> x, Span<float> gathered)
    {
        (int side, int inputs, int depth) = (pattern.Sizes.CoreSide, pattern.Sizes.Inputs, pattern.RowsOf(group));
        for (int row = 0; row < x.Length / inputs; row++)
        {
            for (int i = 0; i < group.Cores.Length; i++)
            {
                x.Slice((row * inputs) + (group.Cores[i] * side), side)
                    .CopyTo(gathered[((row * depth) + (i * side))..]);
            }
        }
    }

    private static void AddCores(
        AugConvPattern pattern, AugConvGroup group, ReadOnlySpan<float> gathered, Span<float> dx)
    {
        (int side, int inputs, int depth) = (pattern.Sizes.CoreSide, pattern.Sizes.Inputs, pattern.RowsOf(group));
        for (int row = 0; row < dx.Length / inputs; row++)
        {
            for (int i = 0; i < group.Cores.Length; i++)
            {
                Span<float> target = dx.Slice((row * inputs) + (group.Cores[i] * side), side);
                TensorPrimitives.Add(target, gathered.Slice((row * depth) + (i * side), side), target);
            }
        }
    }

    /// <summary>
    /// Copies runs of neighboring pixels between <c>[rows, pixels, outputs]</c> and the matrix of the group.
    /// </summary>
    private static void MovePixels(
        AugConvPattern pattern, AugConvGroup group, Span<float> whole, Span<float> own, bool isGather)
    {
        int outputs = pattern.Sizes.Outputs, stride = pattern.Sizes.Pixels * outputs,
            columns = pattern.ColumnsOf(group);
        int[] pixels = group.Pixels;
        for (int row = 0; row < whole.Length / stride; row++)
        {
            for (int first = 0, next; first < pixels.Length; first = next)
            {
                for (next = first + 1; next < pixels.Length && pixels[next] == pixels[next - 1] + 1; next++)
                {
                }

                Span<float> a = whole.Slice((row * stride) + (pixels[first] * outputs), (next - first) * outputs);
                Span<float> b = own.Slice((row * columns) + (first * outputs), (next - first) * outputs);
                if (isGather)
                {
                    a.CopyTo(b);
                }
                else
                {
                    b.CopyTo(a);
                }
            }
        }
    }

    private static void AddBias(AugConvPattern pattern, AugConvGroup group, Span<float> y, ReadOnlySpan<float> bias)
    {
        int outputs = pattern.Sizes.Outputs, stride = pattern.Sizes.Pixels * outputs;
        for (int row = 0; row < y.Length / stride && !bias.IsEmpty; row++)
        {
            foreach (int pixel in group.Pixels)
            {
                Span<float> target = y.Slice((row * stride) + (pixel * outputs), outputs);
                TensorPrimitives.Add(target, bias, target);
            }
        }
    }

    private static Span<float> Rent(Scratch.Use use, long count) => new(Scratch.Rent(use, count), checked((int)count));
}
