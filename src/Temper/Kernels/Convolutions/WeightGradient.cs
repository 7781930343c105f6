namespace Temper.Kernels;

/// <summary>
/// Gradient of the weights. For each window of the input, tables list the pixels at which the window is inside the
/// image, as pairs of offsets into the output gradient and the input. Register tiles of output channels by input floats
/// are then accumulated by rank-one updates. Runs of pixels are copied together first, so that the operands of a tile
/// stay in the L1 cache regardless of their distances in memory.
/// </summary>
internal static unsafe class WeightGradient
{
    /// <summary>Number of output channels whose sums one task adds and reorders.</summary>
    private const int OutputsPerTask = 16;

    internal static void Run(in ConvolutionGeometry geometry, float* x, float* dy, float* dw)
    {
        var job = new WeightGradientJob(geometry) { X = x, Dy = dy, Dw = dw };
        job.FillOffsets();
        job.Sums = Scratch.Rent(Scratch.Use.Weights, job.SumCount * job.Parts);
        for (job.Group = 0; job.Group < geometry.Groups; job.Group++)
        {
            WorkerPool.Current.Run(&SumTask, &job, job.BlockGroups * job.Parts);
            WorkerPool.Current.Run(
                &StoreTask, &job, job.Windows.IsNarrow ? 1 : Chunks.Count(geometry.GroupOutputs, OutputsPerTask));
        }
    }

    /// <summary>Processes some blocks of input channels over one part of the pixels.</summary>
    private static void SumTask(void* state, int task)
    {
        ref WeightGradientJob job = ref *(WeightGradientJob*)state;
        int group = task % job.BlockGroups;
        int part = task / job.BlockGroups;
        int firstBlock = job.Windows.Blocks * group / job.BlockGroups;
        int lastBlock = job.Windows.Blocks * (group + 1) / job.BlockGroups;
        new Span<float>(job.SumsOf(part, firstBlock), (int)((lastBlock - firstBlock) * job.BlockCount)).Clear();
        int last = Math.Min((part + 1) * job.RunsPerPart, job.Runs);
        for (int i = part * job.RunsPerPart; i < last; i++)
        {
            PixelRun run = job.RunAt(i);
            float* gradients = job.Gradients(run);
            for (int block = firstBlock; block < lastBlock; block++)
            {
                float* input = job.CopyInput(run, block);
                if (job.Windows.IsNarrow)
                {
                    AddNarrow(job, run, gradients, input, job.SumsOf(part, block));
                }
                else
                {
                    AddRun(job, run, gradients, input, job.SumsOf(part, block));
                }
            }
        }
    }

    /// <summary>Accumulates tiles of output channels by vectors of window floats.</summary>
    private static void AddRun(in WeightGradientJob job, PixelRun run, float* gradients, float* x, float* sums)
    {
        OuterTile tile = OuterTile.Active;
        int pixels = run.Pixels(job.Geometry);
        int vectors = job.Windows.Pitch / tile.Lanes;
        int pieces = Chunks.Count(vectors, tile.Vectors);
        for (int b = 0; b < job.OutputBlocks; b++)
        {
            int output = job.FirstOutput(b);
            int rows = job.FirstOutput(b + 1) - output;
            float* dy = gradients + ((long)b * pixels * tile.Rows);
            for (int window = 0; window < job.Windows.Count; window++)
            {
                (int first, int count) = job.PixelsOf(run, window);
                int* offsets = job.Offsets(window) + first;
                float* target = sums + (((long)output * job.Windows.Count) + window) * job.Windows.Pitch;
                for (int piece = 0; piece < pieces; piece++)
                {
                    int vector = vectors * piece / pieces;
                    int at = vector * tile.Lanes;
                    tile.Kernel(rows, (vectors * (piece + 1) / pieces) - vector)(
                        count, offsets, offsets + job.MaxPixels, dy, x + at, target + at,
                        (nint)job.Windows.Count * job.Windows.Pitch);
                }
            }
        }
    }

    /// <summary>Accumulates tiles of window floats by vectors of output channels.</summary>
    private static void AddNarrow(in WeightGradientJob job, PixelRun run, float* gradients, float* x, float* sums)
    {
        OuterTile tile = OuterTile.Active;
        int floats = job.Windows.Pitch, pitch = job.OutputPitch, vectors = pitch / tile.Lanes;
        int pieces = Chunks.Count(vectors, tile.Vectors), blocks = Chunks.Count(floats, tile.Rows);
        for (int piece = 0; piece < pieces; piece++)
        {
            int vector = vectors * piece / pieces, width = (vectors * (piece + 1) / pieces) - vector;
            int output = vector * tile.Lanes;
            for (int window = 0; window < job.Windows.Count; window++)
            {
                (int first, int count) = job.PixelsOf(run, window);
                int* offsets = job.Offsets(window) + first;
                for (int block = 0; block < blocks; block++)
                {
                    int at = floats * block / blocks, rows = (floats * (block + 1) / blocks) - at;
                    float* target = sums + ((((long)window * floats) + at) * pitch) + output;
                    tile.Kernel(rows, width)(
                        count, offsets + job.MaxPixels, offsets, x + at, gradients + output, target, pitch);
                }
            }
        }
    }

    /// <summary>
    /// Adds the parts in order, and stores <c>[O][C][KH][KW]</c> for some output channels (for narrow windows, all of
    /// them).
    /// </summary>
    private static void StoreTask(void* state, int task)
    {
        ref WeightGradientJob job = ref *(WeightGradientJob*)state;
        bool isNarrow = job.Windows.IsNarrow;
        int first = task * OutputsPerTask;
        int outputs =
            isNarrow ? job.Geometry.GroupOutputs : Math.Min(OutputsPerTask, job.Geometry.GroupOutputs - first);
        int size = job.Windows.Count * job.Windows.Pitch, count = isNarrow ? (int)job.BlockCount : outputs * size;
        for (int block = 0; block < job.Windows.Blocks; block++)
        {
            float* sums = job.SumsOf(0, block);
            for (int part = 1; part < job.Parts; part++)
            {
                float* more = job.SumsOf(part, block) + ((long)first * size);
                Elementwise.Accumulate(
                    new ReadOnlySpan<float>(more, count), new Span<float>(sums + ((long)first * size), count));
            }

            for (int output = first; output < first + outputs; output++)
            {
                job.Store(sums, output, block);
            }
        }
    }
}
