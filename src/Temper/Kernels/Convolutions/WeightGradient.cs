namespace Temper.Kernels;

/// <summary>
/// The gradient of the weights: for each window of the input the pixels where it lies inside the image, as pairs of offsets into
/// gradient and input, then rank-one updates of a register tile (output channels by input floats). A run of pixels is copied
/// together first, so that a tile's operands stay in the first-level cache whatever the distances in memory.
/// </summary>
internal static unsafe class WeightGradient
{
    /// <summary>Output channels whose sums are added up and reordered by one task.</summary>
    private const int OutputsPerTask = 16;

    internal static void Run(in ConvolutionGeometry geometry, float* x, float* dy, float* dw)
    {
        var job = new WeightGradientJob(geometry) { X = x, Dy = dy, Dw = dw };
        job.FillOffsets();
        job.Sums = Scratch.Rent(Scratch.Use.Weights, job.SumCount * job.Parts);
        for (job.Group = 0; job.Group < geometry.Groups; job.Group++)
        {
            WorkerPool.Current.Run(&SumTask, &job, job.BlockGroups * job.Parts);
            WorkerPool.Current.Run(&StoreTask, &job, Chunks.Count(geometry.GroupOutputs, OutputsPerTask));
        }
    }

    /// <summary>Some blocks of input channels over one part of the pixels.</summary>
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
            float* gradients = job.CopyGradients(run);
            for (int block = firstBlock; block < lastBlock; block++)
            {
                AddRun(job, run, gradients, job.CopyInput(run, block), job.SumsOf(part, block));
            }
        }
    }

    private static void AddRun(in WeightGradientJob job, PixelRun run, float* gradients, float* x, float* sums)
    {
        OuterTile tile = OuterTile.Active;
        ConvolutionGeometry g = job.Geometry;
        int pixels = run.Pixels(g);
        int vectors = job.Windows.Pitch / tile.Lanes;
        int pieces = Chunks.Count(vectors, tile.Vectors);
        for (int b = 0; b < job.OutputBlocks; b++)
        {
            int output = job.FirstOutput(b);
            int rows = job.FirstOutput(b + 1) - output;
            float* dy = gradients + ((long)b * pixels * tile.Rows) - ((long)run.FirstRow * g.OutWidth * tile.Rows);
            for (int window = 0; window < job.Windows.Count; window++)
            {
                (int first, int count) = job.Places(run, window);
                int* offsets = job.Offsets(window) + first;
                float* target = sums + (((long)output * job.Windows.Count) + window) * job.Windows.Pitch;
                for (int piece = 0; piece < pieces; piece++)
                {
                    int vector = vectors * piece / pieces;
                    int at = vector * tile.Lanes;
                    tile.Kernel(rows, (vectors * (piece + 1) / pieces) - vector)(
                        count, offsets, offsets + job.MostPlaces, dy, x + at, target + at, (nint)job.Windows.Count * job.Windows.Pitch);
                }
            }
        }
    }

    /// <summary>Adds the parts in their order and stores <c>[O][C][KH][KW]</c> for some output channels.</summary>
    private static void StoreTask(void* state, int task)
    {
        ref WeightGradientJob job = ref *(WeightGradientJob*)state;
        int first = task * OutputsPerTask;
        int outputs = Math.Min(OutputsPerTask, job.Geometry.GroupOutputs - first);
        int size = job.Windows.Count * job.Windows.Pitch;
        for (int block = 0; block < job.Windows.Blocks; block++)
        {
            float* sums = job.SumsOf(0, block) + ((long)first * size);
            for (int part = 1; part < job.Parts; part++)
            {
                float* more = job.SumsOf(part, block) + ((long)first * size);
                Elementwise.Accumulate(new ReadOnlySpan<float>(more, outputs * size), new Span<float>(sums, outputs * size));
            }

            for (int output = 0; output < outputs; output++)
            {
                job.Store(sums + ((long)output * size), first + output, block);
            }
        }
    }
}
