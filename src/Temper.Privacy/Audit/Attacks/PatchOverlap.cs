using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using static Temper.Privacy.Audit.Algebra.DenseMatrix;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Attack B: recovers pictures from the layer and morphed rows only, without the developer's weights. The layer's
/// columns at one output pixel span the mapped space of the pixels in its patch. Two output pixels whose patches share
/// one corner pixel have that pixel's colors in common: the intersection of their spaces. In this basis, the columns
/// give the weights of each kernel position up to a mix of colors; these are used to bring all pixels to one common
/// mix.
/// </summary>
internal sealed class PatchOverlap
{
    /// <summary>Ridge that keeps systems of nearly dependent pixels solvable.</summary>
    private const double MinRidge = 1e-13;

    /// <summary>
    /// Rows of the sketch of a pixel's columns, per dimension of its patch; two patches together have twice the rank.
    /// </summary>
    private const int RowsForRank = 16;

    private const long MaxKeptBytes = 1L << 29;

    private readonly LayerColumns _columns;
    private readonly AugConvSizes _sizes;
    private readonly int _rank;
    // number of rows of a pixel's columns: all inputs, or fewer in a sketch that preserves the relations
    private readonly int _rows;
    private readonly double[]?[]? _kept;                // by output pixel: cached columns, if they fit in memory
    // by output pixel, [outputs, rank]: its columns times this matrix are orthonormal
    private readonly double[]?[] _whitened;
    private readonly double[]?[] _basis;                // by picture pixel: [outputs, channels], at its Corner
    private readonly double[]?[] _aligned;              // by picture pixel: as _basis, with a common color mix
    private readonly double[] _overlap;

    private PatchOverlap(LayerColumns columns)
    {
        (_columns, _sizes) = (columns, columns.Sizes);
        _rank = _sizes.Channels * _sizes.KernelHeight * _sizes.KernelWidth;
        _rows = Math.Min(columns.Sizes.Inputs, RowsForRank * _rank);
        _kept = (long)_sizes.Pixels * _rows * _sizes.Outputs * sizeof(double) <= MaxKeptBytes
            ? new double[_sizes.Pixels][]
            : null;
        _whitened = new double[_sizes.Pixels][];
        (_basis, _aligned) = (new double[_sizes.Height * _sizes.Width][], new double[_sizes.Height * _sizes.Width][]);
        _overlap = new double[_sizes.Height * _sizes.Width];
    }

    /// <summary>The recovered region of the picture: first row, first column, height and width.</summary>
    internal (int Top, int Left, int Height, int Width) Inside { get; private set; }

    /// <summary>
    /// Mean over the pixels of the smallest singular value of the intersection; 1 if the attack's assumption holds.
    /// </summary>
    internal double Overlap { get; private set; }

    /// <summary>
    /// Finds the bases; null: the stride, the channels or the picture's size make the attack impossible.
    /// </summary>
    internal static PatchOverlap? Find(LayerColumns columns)
    {
        AugConvSizes s = columns.Sizes;
        if (s.StrideHeight != 1 || s.StrideWidth != 1 || s.Outputs < s.Channels * s.KernelHeight * s.KernelWidth)
        {
            return null;
        }

        var attack = new PatchOverlap(columns);
        Each(s.Pixels, attack.Whiten);
        Each(s.Height * s.Width, attack.Intersect);
        return attack.Align() ? attack : null;
    }

    /// <summary>
    /// Recovers the inner region of pictures, with colors in one unknown mix: <c>[N, C, height, width]</c> of <see
    /// cref="Inside"/>.
    /// </summary>
    /// <param name="features">Features, <c>[N, pixels, outputs]</c>.</param>
    /// <param name="count">Number of pictures, N.</param>
    internal float[] Pictures(ReadOnlySpan<float> features, int count)
    {
        (int top, int left, int height, int width) = Inside;
        float[] pictures = new float[count * _sizes.Channels * height * width];
        for (int n = 0; n < count; n++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    double[] basis = _aligned[((top + y) * _sizes.Width) + left + x]!;
                    ReadOnlySpan<float> f = features.Slice(
                        ((n * _sizes.Pixels) + Corner(top + y, left + x)) * _sizes.Outputs, _sizes.Outputs);
                    for (int c = 0; c < _sizes.Channels; c++)
                    {
                        double sum = 0;
                        for (int o = 0; o < f.Length; o++)
                        {
                            sum += f[o] * basis[(o * _sizes.Channels) + c];
                        }

                        pictures[(((((n * _sizes.Channels) + c) * height) + y) * width) + x] = (float)sum;
                    }
                }
            }
        }

        return pictures;
    }

    /// <summary>Returns the output pixel whose patch has a given picture pixel as its last pixel.</summary>
    private int Corner(int y, int x)
    {
        int row = y + _sizes.PadTop - (_sizes.KernelHeight - 1), column = x + _sizes.PadLeft - (_sizes.KernelWidth - 1);
        return (row * _sizes.OutWidth) + column;
    }

    private bool IsWhole(int row, int column) =>
        row >= _sizes.PadTop && column >= _sizes.PadLeft && row < _sizes.OutHeight && column < _sizes.OutWidth
        && row - _sizes.PadTop + _sizes.KernelHeight <= _sizes.Height
        && column - _sizes.PadLeft + _sizes.KernelWidth <= _sizes.Width;

    private double[] ColumnsAt(int pixel)
    {
        if (_kept?[pixel] is { } known)
        {
            return known;
        }

        double[] a = new double[_rows * _sizes.Outputs];
        if (_rows < _sizes.Inputs)
        {
            _columns.Sketch(pixel, a, _rows);
        }
        else
        {
            _columns.Columns(pixel, a, _sizes.Outputs);
        }

        if (_kept is not null)
        {
            _kept[pixel] = a;
        }

        return a;
    }

    private void Whiten(int pixel)
    {
        if (!IsWhole(pixel / _sizes.OutWidth, pixel % _sizes.OutWidth))
        {
            return;
        }

        int n = _sizes.Outputs;
        double[] a = ColumnsAt(pixel);
        (double[] values, double[] vectors) = SymmetricEigen.Of(TransposedProduct(a, a, _rows, n, n), n);
        double[] whitened = new double[n * _rank];
        for (int k = 0; k < _rank; k++)
        {
            double factor = 1 / Math.Sqrt(Math.Max(values[k], 1e-300));
            for (int o = 0; o < n; o++)
            {
                whitened[(o * _rank) + k] = vectors[(k * n) + o] * factor;
            }
        }

        _whitened[pixel] = whitened;
    }

    private void Intersect(int cell)
    {
        (int y, int x) = (cell / _sizes.Width, cell % _sizes.Width);
        int row = y + _sizes.PadTop - (_sizes.KernelHeight - 1), column = x + _sizes.PadLeft - (_sizes.KernelWidth - 1);
        if (row < 0 || column < 0 || !IsWhole(row, column) || !IsWhole(y + _sizes.PadTop, x + _sizes.PadLeft))
        {
            return;
        }

        int other = ((y + _sizes.PadTop) * _sizes.OutWidth) + x + _sizes.PadLeft, n = _sizes.Outputs,
            colors = _sizes.Channels;
        double[] cross = TransposedProduct(ColumnsAt(Corner(y, x)), ColumnsAt(other), _rows, n, n),
            first = _whitened[Corner(y, x)]!;
        double[] angles = TransposedProduct(first, Product(cross, _whitened[other]!, n, n, _rank), n, _rank, _rank);
        double[] transposed = Transposed(angles, _rank, _rank);
        (double[] values, double[] vectors) =
            SymmetricEigen.Of(TransposedProduct(transposed, transposed, _rank, _rank, _rank), _rank);
        _basis[cell] =
            Product(first, Transposed(vectors.AsSpan(0, colors * _rank).ToArray(), colors, _rank), n, _rank, colors);
        _overlap[cell] = Math.Sqrt(Math.Max(values[colors - 1], 0));
    }

    /// <summary>
    /// Brings all pixels to the color mix of the first one, using the coefficients of the center kernel position.
    /// </summary>
    private bool Align()
    {
        (int centerRow, int centerColumn) = (_sizes.KernelHeight / 2, _sizes.KernelWidth / 2);
        int Pixel(int cell) => ((cell / _sizes.Width) + _sizes.PadTop - centerRow)
            * _sizes.OutWidth + (cell % _sizes.Width) + _sizes.PadLeft - centerColumn;
        bool HasPatch(int cell)
        {
            int firstRow = (cell / _sizes.Width) - centerRow, firstColumn = (cell % _sizes.Width) - centerColumn;
            return firstRow >= 0
                && firstColumn >= 0
                && firstRow + _sizes.KernelHeight <= _sizes.Height
                && firstColumn + _sizes.KernelWidth <= _sizes.Width
                && Enumerable.Range(0, _sizes.KernelHeight * _sizes.KernelWidth)
                    .All(
                        position => _basis[((firstRow + (position / _sizes.KernelWidth)) * _sizes.Width)
                            + firstColumn + (position % _sizes.KernelWidth)] is not null);
        }

        int[] cells = [.. Enumerable.Range(0, _basis.Length).Where(HasPatch)];
        if (cells.Length == 0)
        {
            return false;
        }

        double[][] spans = new double[_basis.Length][];
        Each(_basis.Length, cell => spans[cell] = _basis[cell] is { } basis
            ? Product(ColumnsAt(
                Corner(cell / _sizes.Width, cell % _sizes.Width)), basis, _rows, _sizes.Outputs, _sizes.Channels) : []);
        double[][] center = new double[_basis.Length][];
        Each(cells.Length, i => center[cells[i]] = CenterPosition(cells[i], Pixel(cells[i]), spans));
        double[] reference = center[cells[0]];
        int colors = _sizes.Channels, n = _sizes.Outputs;
        var inverse =
            new Cholesky(Product(reference, Transposed(reference, colors, n), colors, n, colors), colors, MinRidge);
        foreach (int cell in cells)
        {
            // (G_x⁻¹ K)(G_r⁻¹ K)⁺ = G_x⁻¹ G_r. The inverse of the symmetric matrix is applied to the transpose.
            double[] mix = Product(reference, Transposed(center[cell], colors, n), colors, n, colors);
            inverse.Solve(mix, colors);
            _aligned[cell] = Product(_basis[cell]!, Transposed(mix, colors, colors), n, colors, colors);
        }

        int top = cells.Min(cell => cell / _sizes.Width), left = cells.Min(cell => cell % _sizes.Width);
        Inside = (top, left, cells.Max(cell =>
            cell / _sizes.Width) - top + 1, cells.Max(cell => cell % _sizes.Width) - left + 1);
        Overlap = cells.Average(cell => _overlap[cell]);
        return true;
    }

    /// <summary>
    /// Computes the coefficients <c>G⁻¹ K</c> of the center kernel position, <c>[channels, outputs]</c>, by least
    /// squares over the bases of all pixels in the patch.
    /// </summary>
    private double[] CenterPosition(int cell, int pixel, double[][] spans)
    {
        int colors = _sizes.Channels, n = _sizes.Outputs, positions = _sizes.KernelHeight * _sizes.KernelWidth,
            inputs = _rows;
        int top = (cell / _sizes.Width) - (_sizes.KernelHeight / 2),
            left = (cell % _sizes.Width) - (_sizes.KernelWidth / 2);
        double[] patch = new double[inputs * _rank];
        for (int position = 0; position < positions; position++)
        {
            double[] span = spans[((top + (position / _sizes.KernelWidth)) * _sizes.Width)
                + left + (position % _sizes.KernelWidth)];
            for (int i = 0; i < inputs; i++)
            {
                span.AsSpan(i * colors, colors).CopyTo(patch.AsSpan((i * _rank) + (position * colors)));
            }
        }

        double[] coefficients = TransposedProduct(patch, ColumnsAt(pixel), inputs, _rank, n);
        new Cholesky(TransposedProduct(patch, patch, inputs, _rank, _rank), _rank, MinRidge).Solve(coefficients, n);
        int middle = ((_sizes.KernelHeight / 2) * _sizes.KernelWidth) + (_sizes.KernelWidth / 2);
        return coefficients.AsSpan(middle * colors * n, colors * n).ToArray();
    }

    private static void Each(int count, Action<int> work) => WorkerPool.Current.Run(new Tasks(work), count);

    private sealed class Tasks(Action<int> work) : IPoolWork
    {
        public void Run(int task, int thread) => work(task);
    }
}
