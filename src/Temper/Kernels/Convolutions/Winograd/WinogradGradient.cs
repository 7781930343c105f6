namespace Temper.Kernels;

/// <summary>
/// Gradient of 3x3 filters at stride 1 by the transposed transforms: <c>dg = G^T [(A dY A^T) * (B^T d B)] G</c>. The
/// products of each pair of channels are summed over tiles before the last transform. A task processes a block of input
/// channels, a block of output channels and a part of the tiles.
/// </summary>
internal static unsafe class WinogradGradient
{
    /// <summary>Number of output channels whose sums one task adds and transforms.</summary>
    private const int OutputsPerTask = 16;

    internal static void Run(in ConvolutionGeometry geometry, float* x, float* dy, float* dw)
    {
        var job = new WinogradGradientJob(geometry, x, dy) { Dw = dw };
        job.Sums = Scratch.Rent(
            Scratch.Use.Weights, (long)WinogradGradientJob.SumFloats * job.Tiling.Pairs * job.Tiling.Parts);
        WorkerPool.Current.Run(&SumTask, &job, job.Tiling.Pairs * job.Tiling.Parts);
        WorkerPool.Current.Run(&StoreTask, &job, job.Tiling.Pairs * (WinogradTiling.BlockChannels / OutputsPerTask));
    }

    /// <summary>Processes one pair of blocks over one part of the tiles.</summary>
    private static void SumTask(void* state, int task)
    {
        ref WinogradGradientJob job = ref *(WinogradGradientJob*)state;
        (int part, int pair) = Math.DivRem(task, job.Tiling.Pairs);
        (ChannelRange inputs, ChannelRange outputs) = job.Blocks(pair);
        float* sums = job.SumsOf(part, pair);
        new Span<float>(sums, WinogradGradientJob.SumFloats).Clear();
        int* offsets = job.FillOffsets(inputs, outputs);
        (int row, int last) = job.Tiling.RowsOf(part);
        for (int rows; row < last; row += rows)
        {
            rows = Math.Min(job.Tiling.RowsPerStep, last - row);
            TileVectors pixels = job.Transform<PixelTransform>(job.Input, row, rows, inputs, Scratch.Use.Right);
            TileVectors gradients =
                job.Transform<ResultGradientTransform>(job.Gradient, row, rows, outputs, Scratch.Use.Left);
            for (int product = 0; product < TiledImages.Products; product++)
            {
                AddProducts(
                    pixels, gradients, product, outputs.Count, sums + (product * job.SumStep(pair)), offsets,
                    offsets + job.Tiling.TilesPerStep);
            }
        }
    }

    /// <summary>Computes <c>sums[output][input] += gradients^T pixels</c>, summed over tiles.</summary>
    private static void AddProducts(
        TileVectors pixels, TileVectors gradients, int product, int outputs, float* sums, int* outputOffsets,
        int* inputOffsets)
    {
        OuterTile tile = OuterTile.Active;
        int vectors = pixels.Channels / tile.Lanes, pieces = Chunks.Count(vectors, tile.Vectors);
        for (int output = 0; output < outputs; output += tile.Rows)
        {
            int rows = Math.Min(tile.Rows, outputs - output);
            for (int piece = 0; piece < pieces; piece++)
            {
                int vector = vectors * piece / pieces, width = (vectors * (piece + 1) / pieces) - vector,
                    at = vector * tile.Lanes;
                tile.Kernel(rows, width)(
                    pixels.Tiles, outputOffsets, inputOffsets, gradients.At(product) + output, pixels.At(product) + at,
                    sums + ((long)output * pixels.Channels) + at, pixels.Channels);
            }
        }
    }

    /// <summary>
    /// Adds the parts in order, transforms the sums, and stores <c>[O][C][3][3]</c> for some output channels of a pair
    /// of blocks.
    /// </summary>
    private static void StoreTask(void* state, int task)
    {
        ref WinogradGradientJob job = ref *(WinogradGradientJob*)state;
        const int Shares = WinogradTiling.BlockChannels / OutputsPerTask;
        (int pair, int share) = Math.DivRem(task, Shares);
        (ChannelRange inputs, ChannelRange outputs) = job.Blocks(pair);
        int first = share * OutputsPerTask, last = Math.Min(first + OutputsPerTask, outputs.Count);
        if (first >= last)
        {
            return;
        }

        int step = job.SumStep(pair), width = inputs.Padded;
        float* sums = job.SumsOf(0, pair);
        for (int part = 1; part < job.Tiling.Parts; part++)
        {
            for (int product = 0; product < TiledImages.Products; product++)
            {
                int at = (product * step) + (first * width), count = (last - first) * width;
                Elementwise.Accumulate(
                    new ReadOnlySpan<float>(job.SumsOf(part, pair) + at, count), new Span<float>(sums + at, count));
            }
        }

        float* positions = Scratch.Rent(Scratch.Use.Tile, (9 * width) + WinogradTransforms.Between);
        for (int output = first; output < last; output++)
        {
            var source = new VectorGrid(sums + (output * width), 6 * step, step);
            WinogradTransforms.Run<FilterGradientTransform>(
                source, new VectorGrid(positions, 3 * width, width), width, positions + (9 * width));
            GemmPacking.PackPanels(positions, width, linesTogether: false, lines: 9, inputs.Count, width: 9, job.Filter(
                outputs.First + output, inputs.First));
        }
    }
}
