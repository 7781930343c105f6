using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <content>What one task of a product does.</content>
internal static unsafe partial class Gemm
{
    /// <summary>Tasks of one product at most: enough to balance many threads, few enough to cost nothing.</summary>
    private const int MostTasks = 64;

    private static void PackTask(void* state, int task)
    {
        Job* job = (Job*)state;
        GemmTile tile = GemmTile.Active;
        int first = task * job->PanelsPerTask * tile.Columns;
        int count = Math.Min(job->PanelsPerTask * tile.Columns, job->Columns - first);
        job->PackRight(job->PackedB + ((long)first * job->Depth), job->StartColumn + first, count);
    }

    private static void RowsTask(void* state, int task)
    {
        Job* job = (Job*)state;
        GemmTile tile = GemmTile.Active;
        int first = task * job->PanelsPerTask * tile.Rows;
        int count = Math.Min(job->PanelsPerTask * tile.Rows, job->M - first);
        float* left = Scratch.Rent(Scratch.Use.Left, (long)Panels(count, tile.Rows) * tile.Rows * job->Depth);
        job->PackLeft(left, first, count);
        for (int column = 0; column < job->Columns; column += tile.Columns)
        {
            float* right = job->PackedB + ((long)column * job->Depth);
            for (int row = 0; row < count; row += tile.Rows)
            {
                job->Tile(left + ((long)row * job->Depth), tile.Rows, right, tile.Columns, first + row, job->StartColumn + column);
            }
        }
    }

    private static void ColumnsTask(void* state, int task)
    {
        Job* job = (Job*)state;
        GemmTile tile = GemmTile.Active;
        int last = Math.Min((task + 1) * job->PanelsPerTask * tile.Columns, job->N);
        for (int column = task * job->PanelsPerTask * tile.Columns; column < last; column += tile.Columns)
        {
            (nint right, int step) = job->RightPanel(column, tile.Columns);
            for (int row = 0; row < job->M; row += tile.Rows)
            {
                if (job->PackedA is null)
                {
                    float* left = job->A + ((long)job->StartDepthAt * job->LeftStride) + row;
                    job->Tile(left, job->LeftStride, (float*)right, step, row, column);
                }
                else
                {
                    job->Tile(job->PackedA + ((long)row * job->Depth), tile.Rows, (float*)right, step, row, column);
                }
            }
        }
    }

    private struct Job
    {
        internal int M;
        internal int N;
        internal int K;
        internal float* A;
        internal int LeftStride;
        internal bool LeftTransposed;
        internal float* B;
        internal int RightStride;
        internal bool RightTransposed;
        internal float* C;
        internal float* Bias;
        internal bool Relu;
        internal bool Accumulate;

        // The block that is being worked on.
        internal int StartDepthAt;
        internal int Depth;
        internal int StartColumn;
        internal int Columns;
        internal float* PackedA;
        internal float* PackedB;
        internal int PanelsPerTask;

        /// <summary>Chooses the next depth block: blocks of nearly the same size, so that the last is not a sliver.</summary>
        internal void StartDepth(int start, int most)
        {
            StartDepthAt = start;
            int blocks = Panels(K, most);
            Depth = Math.Min(Panels(K, blocks), K - start);
        }

        internal readonly void PackLeft(float* target, int firstRow, int rows) => PackPanels(
            LeftTransposed ? A + ((long)StartDepthAt * LeftStride) + firstRow : A + ((long)firstRow * LeftStride) + StartDepthAt,
            LeftStride, LeftTransposed, rows, Depth, GemmTile.Active.Rows, target);

        internal readonly void PackRight(float* target, int firstColumn, int columns) => PackPanels(
            RightTransposed ? B + ((long)firstColumn * RightStride) + StartDepthAt : B + ((long)StartDepthAt * RightStride) + firstColumn,
            RightStride, !RightTransposed, columns, Depth, GemmTile.Active.Columns, target);

        /// <summary>A panel of the right operand: where it lies if its rows can be read there, else packed.</summary>
        internal readonly (nint Panel, int Step) RightPanel(int column, int width)
        {
            if (!RightTransposed && column + width <= N && M <= 8 * GemmTile.Active.Rows)
            {
                return ((nint)(B + ((long)StartDepthAt * RightStride) + column), RightStride);
            }

            float* packed = Scratch.Rent(Scratch.Use.Right, (long)width * Depth);
            PackRight(packed, column, Math.Min(width, N - column));
            return ((nint)packed, width);
        }

        /// <summary>One register tile, its edges cut off, with bias and ReLU after the last depth block.</summary>
        internal readonly void Tile(float* left, int leftStep, float* right, int rightStep, int row, int column)
        {
            GemmTile tile = GemmTile.Active;
            int rows = Math.Min(tile.Rows, M - row);
            int columns = Math.Min(tile.Columns, N - column);
            float* c = C + ((long)row * N) + column;
            bool adds = Accumulate || StartDepthAt > 0;
            bool isNarrow = columns <= tile.Columns / 2;
            int width = isNarrow ? tile.Columns / 2 : tile.Columns;
            if (rows == tile.Rows && columns == width)
            {
                (isNarrow ? tile.Narrow : tile.Wide)(Depth, left, leftStep, right, rightStep, c, N, adds);
            }
            else
            {
                float* whole = Scratch.Rent(Scratch.Use.Tile, tile.Rows * tile.Columns);
                (isNarrow ? tile.Narrow : tile.Wide)(Depth, left, leftStep, right, rightStep, whole, width, false);
                CopyTile(whole, width, c, N, rows, columns, adds);
            }

            if ((Bias != null || Relu) && StartDepthAt + Depth == K)
            {
                Finish(c, N, rows, columns, Bias == null ? null : Bias + column, Relu);
            }
        }

        /// <summary>The product of nothing: zeros, then bias and ReLU.</summary>
        internal readonly void WithoutDepth()
        {
            if (!Accumulate)
            {
                new Span<float>(C, M * N).Clear();
            }

            if (Bias != null || Relu)
            {
                Finish(C, N, M, N, Bias, Relu);
            }
        }

        /// <summary>One row times a transposed matrix: a scalar product for each result, at the speed of memory.</summary>
        internal void RowTimesMatrix()
        {
            int most = (int)Math.Max(TaskWork / 4 / K, 1);
            PanelsPerTask = Math.Max(most, Panels(N, MostTasks));
            WorkerPool.Current.Run(&DotTask, Unsafe.AsPointer(ref this), Panels(N, PanelsPerTask));
        }
    }

    private static void DotTask(void* state, int task)
    {
        Job* job = (Job*)state;
        int last = Math.Min((task + 1) * job->PanelsPerTask, job->N);
        var row = new ReadOnlySpan<float>(job->A, job->K);
        float[]? gathered = null;
        if (job->LeftTransposed && job->LeftStride != 1)
        {
            gathered = new float[job->K];
            for (int k = 0; k < gathered.Length; k++)
            {
                gathered[k] = job->A[(long)k * job->LeftStride];
            }

            row = gathered;
        }

        for (int n = task * job->PanelsPerTask; n < last; n++)
        {
            float sum = TensorPrimitives.Dot(row, new ReadOnlySpan<float>(job->B + ((long)n * job->RightStride), job->K));
            sum += job->Bias == null ? 0 : job->Bias[n];
            job->C[n] = job->Relu ? Math.Max(sum, 0) : sum;
        }
    }
}
