using System.Numerics;

namespace Temper.Kernels;

/// <summary>Rows of doubles with a fixed stride, in memory owned by the caller.</summary>
/// <param name="Data">Address of the first row.</param>
/// <param name="Stride">Doubles from one row to the next.</param>
internal readonly unsafe record struct DoubleRows(nint Data, int Stride)
{
    internal double* At(int row, int column) => (double*)Data + ((long)row * Stride) + column;
}

/// <summary>
/// Products of double matrices in the same order of operations on every machine. Each result adds its products one
/// after another, with separate multiplications and additions (never fused), for any vector width and number of
/// threads. Used for keys, which must be the same bytes everywhere, and for the linear algebra of audits.
/// </summary>
internal static unsafe class FixedOrderProduct
{
    private const int RowsAtOnce = 4;
    private const int DepthAtOnce = 256;
    private const int ColumnsOfTask = 64;

    /// <summary>Computes <c>C += A B</c>.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A, rows of B.</param>
    /// <param name="a"><c>[M, K]</c>, pinned.</param>
    /// <param name="b"><c>[K, N]</c>, pinned.</param>
    /// <param name="c"><c>[M, N]</c>, pinned; must not overlap the operands.</param>
    internal static void Add(int m, int n, int k, DoubleRows a, DoubleRows b, DoubleRows c)
    {
        if (m > 0 && n > 0 && k > 0)
        {
            WorkerPool.Current.Run(new Work(m, n, k, a, b, c), Chunks.Count(n, ColumnsOfTask));
        }
    }

    /// <summary>Computes <c>C += A B</c> for contiguous row-major matrices.</summary>
    internal static void Add(int m, int n, int k, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Span<double> c)
    {
        if (a.Length < (long)m * k || b.Length < (long)k * n || c.Length < (long)m * n)
        {
            throw new ArgumentException($"matrix product: wrong sizes (got {a.Length}, {b.Length} and {c.Length} "
                + $"doubles for {m} x {k} times {k} x {n})");
        }

        fixed (double* pa = a, pb = b, pc = c)
        {
            Add(m, n, k, new DoubleRows((nint)pa, k), new DoubleRows((nint)pb, n), new DoubleRows((nint)pc, n));
        }
    }

    private sealed class Work(int m, int n, int k, DoubleRows a, DoubleRows b, DoubleRows c) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            int width = 2 * Vector<double>.Count;
            double* panel = (double*)Scratch.Rent(Scratch.Use.Right, 2L * DepthAtOnce * width);
            int last = Math.Min(n, (task + 1) * ColumnsOfTask);
            for (int column = task * ColumnsOfTask; column < last; column += width)
            {
                int columns = Math.Min(width, last - column);
                for (int depth = 0; depth < k; depth += DepthAtOnce)
                {
                    Tiles(column, columns, depth, Math.Min(DepthAtOnce, k - depth), panel);
                }
            }
        }

        private void Tiles(int column, int columns, int depth, int count, double* panel)
        {
            int width = 2 * Vector<double>.Count;
            for (int i = 0; i < count; i++)
            {
                new ReadOnlySpan<double>(b.At(depth + i, column), columns)
                    .CopyTo(new Span<double>(panel + (i * width), width));
                new Span<double>(panel + (i * width) + columns, width - columns).Clear();
            }

            int row = 0;
            for (; row + RowsAtOnce <= m && columns == width; row += RowsAtOnce)
            {
                Tile(row, column, depth, count, panel);
            }

            for (; row < m; row++)
            {
                Row(row, column, columns, depth, count, panel);
            }
        }

        private void Tile(int row, int column, int depth, int count, double* panel)
        {
            int lanes = Vector<double>.Count;
            double* c0 = c.At(row, column), c1 = c.At(row + 1, column), c2 = c.At(row + 2, column),
                c3 = c.At(row + 3, column);
            double* a0 = a.At(row, depth), a1 = a.At(row + 1, depth), a2 = a.At(row + 2, depth),
                a3 = a.At(row + 3, depth);
            Vector<double> s00 = Vector.Load(c0), s01 = Vector.Load(c0 + lanes), s10 = Vector.Load(c1),
                s11 = Vector.Load(c1 + lanes);
            Vector<double> s20 = Vector.Load(c2), s21 = Vector.Load(c2 + lanes), s30 = Vector.Load(c3),
                s31 = Vector.Load(c3 + lanes);
            for (int i = 0; i < count; i++, panel += 2 * lanes)
            {
                Vector<double> b0 = Vector.Load(panel), b1 = Vector.Load(panel + lanes);
                var x0 = new Vector<double>(a0[i]);
                s00 += x0 * b0;
                s01 += x0 * b1;
                var x1 = new Vector<double>(a1[i]);
                s10 += x1 * b0;
                s11 += x1 * b1;
                var x2 = new Vector<double>(a2[i]);
                s20 += x2 * b0;
                s21 += x2 * b1;
                var x3 = new Vector<double>(a3[i]);
                s30 += x3 * b0;
                s31 += x3 * b1;
            }

            s00.Store(c0);
            s01.Store(c0 + lanes);
            s10.Store(c1);
            s11.Store(c1 + lanes);
            s20.Store(c2);
            s21.Store(c2 + lanes);
            s30.Store(c3);
            s31.Store(c3 + lanes);
        }

        private void Row(int row, int column, int columns, int depth, int count, double* panel)
        {
            int width = 2 * Vector<double>.Count;
            double* x = a.At(row, depth), y = c.At(row, column);
            for (int j = 0; j < columns; j++)
            {
                double sum = y[j];
                for (int i = 0; i < count; i++)
                {
                    sum += x[i] * panel[(i * width) + j];
                }

                y[j] = sum;
            }
        }
    }
}
