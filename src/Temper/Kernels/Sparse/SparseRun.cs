namespace Temper.Kernels;

/// <summary>Executes a <see cref="SparseJob"/>: splits the pixels into tiles and runs the tasks.</summary>
internal static unsafe class SparseRun
{
    /// <summary>Minimum number of vector operations for a separate task; they take a few microseconds.</summary>
    private const long TaskWork = 16 * 1024;

    /// <summary>
    /// Number of vector operations in the time it takes to write a cache line that another core has read. If tasks
    /// share channels rather than rows, each task reads what all tasks have written.
    /// </summary>
    private const int WorkOfSharedLine = 32, FloatsOfLine = 16;

    /// <summary>Maximum number of vectors per tile, so that sums and operands stay in registers.</summary>
    private const int MaxTileVectors = 16;

    private const int MaxTasks = 64;

    internal static void Run(ref SparseJob job, int offsets)
    {
        long work = (long)offsets * job.Block * job.Rows * job.Vectors;
        long lines = (long)job.Channels * job.Shape.Plane * job.Interleave / FloatsOfLine;
        int wanted =
            job.EndsWhole && work < lines * WorkOfSharedLine ? 1 : (int)Math.Clamp(work / TaskWork, 1, MaxTasks);
        job.SpatialTasks = Math.Min(wanted, job.Tiles / job.TilesTogether);
        job.ChannelTasks = Math.Clamp(wanted / job.SpatialTasks, 1, job.Blocks);
        fixed (SparseJob* pointer = &job)
        {
            WorkerPool.Current.Run(&Task, pointer, job.SpatialTasks * job.ChannelTasks);
        }
    }

    /// <summary>
    /// Splits rows of pixels into vectors, or processes all rows as one if that needs fewer vectors. In the latter
    /// case, the results between rows fall into the border, which is cleared.
    /// </summary>
    internal static void Cut(ref SparseJob job)
    {
        PlaneShape y = job.Shape;
        int lanes = GemmTile.Active.Lanes;
        (job.Rows, job.RowFloats) = (y.Height, y.Width * job.Interleave);
        if (job.SourceStep > 1)
        {
            CutSteps(ref job);
            return;
        }

        int together = ((((y.Height - 1) * y.Pitch) + y.Width) * job.Interleave);
        if (job.SourcePitch == y.Pitch && y.Height > 1 && Chunks.Count(together, lanes) <= y.Height * job.Vectors)
        {
            (job.Rows, job.RowFloats) = (1, together);
        }

        job.TileColumns = Chunks.Count(job.Vectors, SparseTile.MaxVectors);
        while (!SparseTile.Has(job.Block, 1, Chunks.Count(job.Vectors, job.TileColumns)))
        {
            job.TileColumns++;
        }

        int vectors = Chunks.Count(job.Vectors, job.TileColumns);
        job.TileRows = SparseTile.MaxRows;
        while (job.TileRows > 1 && (job.TileRows > job.Rows
            || job.TileRows * vectors > MaxTileVectors || !SparseTile.Has(job.Block, job.TileRows, vectors)))
        {
            job.TileRows /= 2;
        }

        job.TilesTogether = job.EndsWhole ? job.Tiles : job.IsOneRow ? 1 : job.TileColumns;
    }

    /// <summary>
    /// Splits the pixels of a strided convolution whose pixels are whole vectors. Pixels of a result row are used as
    /// the rows of a tile, because the distance between rows in the source can be chosen freely.
    /// </summary>
    private static void CutSteps(ref SparseJob job)
    {
        int width = SparseTile.MaxRows;
        while (width > 1 && (job.Shape.Width % width != 0 || !SparseTile.Has(job.Block, width, 1)))
        {
            width /= 2;
        }

        job.TileRows = 1;
        job.TileColumns = job.Shape.Width / width;
        job.TilesTogether = job.EndsWhole ? job.Tiles : job.TileColumns;
    }

    private static void Task(void* state, int number)
    {
        ref SparseJob job = ref *(SparseJob*)state;
        (int spatial, int channel) = Math.DivRem(number, job.ChannelTasks);
        int units = job.Tiles / job.TilesTogether;
        int first = (int)((long)units * spatial / job.SpatialTasks) * job.TilesTogether;
        int last = (int)((long)units * (spatial + 1) / job.SpatialTasks) * job.TilesTogether;
        int firstBlock = (int)((long)job.Blocks * channel / job.ChannelTasks),
            lastBlock = (int)((long)job.Blocks * (channel + 1) / job.ChannelTasks);
        for (int tile = first; tile < last; tile++)
        {
            (int row, int column) = Math.DivRem(tile, job.TileColumns);
            int v0 = (int)((long)job.Vectors * column / job.TileColumns),
                v1 = (int)((long)job.Vectors * (column + 1) / job.TileColumns);
            int bottom = Math.Min((row + 1) * job.TileRows, job.Rows);
            for (int y = row * job.TileRows; y < bottom;)
            {
                int rows = bottom - y >= job.TileRows ? job.TileRows : bottom - y >= 2 && job.TileRows > 2 ? 2 : 1;
                var pixels = new TilePixels(job, y, rows, v0, v1 - v0);
                for (int part = 0; part < job.Parts; part++)
                {
                    pixels.Multiply(job, part, firstBlock, lastBlock);
                }

                y += rows;
            }
        }

        int top = first / job.TileColumns * job.TileRows,
            end = Math.Min(last / job.TileColumns * job.TileRows, job.Rows);
        for (int c = firstBlock * job.Block; c < Math.Min(lastBlock * job.Block, job.Channels); c++)
        {
            float* plane = job.Target + ((long)c * job.Shape.Plane * job.Interleave);
            if (job.EndsWhole)
            {
                PlaneBorders.Write(plane, job.Shape, job.Interleave, job.Halo);
            }
            else if (job.Shape.HasBorder)
            {
                PlaneBorders.Clear(plane, job.Shape, job.Interleave, top, end);
            }
        }
    }
}
