using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// Runs an <see cref="IndirectJob"/>: packs the weights, then computes tiles of pixels by output channels. Source
/// pixels are read through tables of pointers.
/// </summary>
/// <remarks>
/// In large batches a tile holds the same pixel of several images, so that kernel positions outside the image are
/// skipped for the whole tile. In small batches a tile holds consecutive pixels of one image, across rows; kernel
/// positions outside the image then read zeros.
/// </remarks>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>Number of multiplications worth a separate task.</summary>
    private const long TaskWork = 1024 * 1024;

    /// <summary>Number of packed weights that stay in the L2 cache across tasks.</summary>
    private const long CachedWeights = 256 * 1024;

    internal static void Run(ref IndirectJob job, Span<float> mean, Span<float> variance)
    {
        ConvolutionTile tile = ConvolutionTile.Active;
        job.ImageGroups = job.Batch >= tile.Rows ? (job.Batch + tile.Rows - 1) / tile.Rows : 0;
        int units = job.ImageGroups > 0 ? job.ImageGroups : job.Batch;
        long workPerRow =
            (long)job.ResultWidth * (job.ImageGroups > 0 ? tile.Rows : 1) * job.Positions * job.Summed * job.Columns;
        job.RowsPerTask = (int)Math.Clamp(TaskWork / Math.Max(workPerRow, 1), 1, job.ResultHeight);
        if (job.ImageGroups == 0)
        {
            // Choose the number of rows such that their pixels fill whole tiles; tile sizes are powers of two.
            int fill = tile.Rows / Math.Min(tile.Rows, job.ResultWidth & -job.ResultWidth);
            job.RowsPerTask = Math.Min(Chunks.Count(job.RowsPerTask, fill) * fill, job.ResultHeight);
        }

        job.PixelTasks = units * RowTasks(job);
        int panels = Chunks.Count(job.Columns, tile.Columns);
        job.PanelsPerTask =
            (int)Math.Clamp(CachedWeights / ((long)tile.Columns * job.Positions * job.Summed), 1, panels);
        job.RentStatistics(job.PixelTasks);
        fixed (IndirectJob* pointer = &job)
        {
            for (job.Group = 0; job.Group < job.Groups; job.Group++)
            {
                Pack(ref job);
                WorkerPool.Current.Run(&RowsTask, pointer, job.PixelTasks * Chunks.Count(panels, job.PanelsPerTask));
            }
        }

        if (job.GathersStatistics)
        {
            job.Statistics.Merge(mean, variance);
        }
    }

    /// <summary>Returns the number of floats of one group's packed weights.</summary>
    internal static long PackedCount(in IndirectJob job) =>
        (long)ConvolutionTile.Active.PaddedColumns(job.Columns) * job.Positions * job.Depth;

    /// <summary>Packs the weights of the current group, unless they are already packed.</summary>
    internal static void Pack(ref IndirectJob job)
    {
        if (job.Prepacked != null)
        {
            job.Packed = job.Prepacked + (job.Group * PackedCount(job));
            return;
        }

        job.Packed = Scratch.Rent(Scratch.Use.Weights, PackedCount(job));
        PackTo(ref job);
    }

    /// <summary>Packs the weights of all groups, one after the other.</summary>
    /// <param name="job">A job with its sizes and weights set.</param>
    /// <param name="target">Receives <see cref="PackedCount"/> floats per group.</param>
    internal static void PackGroups(IndirectJob job, float* target)
    {
        for (job.Group = 0; job.Group < job.Groups; job.Group++)
        {
            job.Packed = target + (job.Group * PackedCount(job));
            PackTo(ref job);
        }
    }

    private static void PackTo(ref IndirectJob job)
    {
        fixed (IndirectJob* pointer = &job)
        {
            WorkerPool.Current.Run(&PackTask, pointer, Chunks.Count(job.Columns, ConvolutionTile.Active.Columns));
        }
    }

    private static int RowTasks(in IndirectJob job) => (job.ResultHeight + job.RowsPerTask - 1) / job.RowsPerTask;

    /// <summary>
    /// Computes some panels for some result rows of one group of images, or of one image in a small batch.
    /// </summary>
    private static void RowsTask(void* state, int number)
    {
        ref IndirectJob job = ref *(IndirectJob*)state;
        (int panels, int task) = Math.DivRem(number, job.PixelTasks);
        int rowTasks = RowTasks(job);
        int unit = task / rowTasks;
        int first = task % rowTasks * job.RowsPerTask;
        int bottom = Math.Min(first + job.RowsPerTask, job.ResultHeight);
        ConvolutionTile tile = ConvolutionTile.Active;
        int pixels = (bottom - first) * job.ResultWidth;
        int blocks = job.ImageGroups > 0 ? pixels : Chunks.Count(pixels, tile.Rows);
        int entry = (job.Positions * (tile.Rows + 1)) + 1;
        int max = Math.Max(MaxTableEntries / entry, 1);
        float* partial = job.StatisticsOf(task, PixelsOf(job, unit, bottom - first));
        float** table = (float**)Scratch.Rent(Scratch.Use.Pointers, (long)Math.Min(max, blocks) * entry * 2);
        for (int start = 0; start < blocks; start += max)
        {
            int count = Math.Min(max, blocks - start);
            for (int b = 0; b < count; b++)
            {
                float** line = table + ((long)b * entry);
                *line = (float*)(job.ImageGroups > 0
                    ? PointImages(
                        job, unit, first + ((start + b) / job.ResultWidth), (start + b) % job.ResultWidth, line + 1)
                    : PointPixels(
                        job, unit, (first * job.ResultWidth) + ((start + b) * tile.Rows), bottom * job.ResultWidth,
                        line + 1));
            }

            var range = new BlockRange(unit, first * job.ResultWidth, bottom * job.ResultWidth, start, count, entry);
            int column = panels * job.PanelsPerTask * tile.Columns;
            int last = Math.Min(column + (job.PanelsPerTask * tile.Columns), job.Columns);
            for (; column < last; column += tile.Columns)
            {
                RunPanel(job, range, table, column, partial, isFirst: start == 0);
            }
        }
    }

    private static int PixelsOf(in IndirectJob job, int unit, int rows)
    {
        int images = job.ImageGroups > 0
            ? Math.Min(ConvolutionTile.Active.Rows, job.Batch - (unit * ConvolutionTile.Active.Rows))
            : 1;
        return images * rows * job.ResultWidth;
    }

    /// <summary>
    /// Number of table entries used in one pass over the panels, so that the table and the pixels it points to stay in
    /// the cache.
    /// </summary>
    private const int MaxTableEntries = 6 * 1024;

    /// <summary>The blocks of one task, and the pixels of each.</summary>
    private readonly struct BlockRange(int unit, int firstPixel, int lastPixel, int start, int count, int entry)
    {
        internal readonly int Count = count;
        internal readonly int Entry = entry;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal Block Locate(in IndirectJob job, int block, int rows)
        {
            if (job.ImageGroups > 0)
            {
                int image = unit * rows;
                long offset = (image * job.ResultImage) + ((long)(firstPixel + start + block) * job.ResultChannels);
                return new Block(offset, (nint)job.ResultImage, Math.Min(rows, job.Batch - image));
            }

            int pixel = firstPixel + ((start + block) * rows);
            long at = (unit * job.ResultImage) + ((long)pixel * job.ResultChannels);
            return new Block(at, job.ResultChannels, Math.Min(rows, lastPixel - pixel));
        }
    }

    /// <summary>Location of the pixels of one tile in the result.</summary>
    internal readonly record struct Block(long Offset, nint Distance, int Valid);
}
