namespace Temper.Kernels;

/// <summary>
/// The gradient of the weights: for each tap the pixels where it reads inside the image, as pairs of offsets into input and
/// result gradient, then rank-one updates of a register tile (input channels by output channels).
/// </summary>
internal static unsafe class WeightGradient
{
    /// <summary>Pixels of one run over a tile: their input and gradient stay in the second-level cache for all tiles.</summary>
    private const int RunPixels = 256;

    /// <summary>Below this many weights each task takes some images and all weights, with sums added up afterwards.</summary>
    private const int SmallWeights = 48 * 1024;

    private const long TaskWork = 2 * 1024 * 1024;

    internal static void Run(in ConvolutionGeometry geometry, float* x, float* dy, float* dw)
    {
        if (MergedRows.Fit(geometry))
        {
            // Lines are (kernel column, channel), which lie together in memory; taps are kernel rows.
            MergedRows merged = MergedRows.Prepare(geometry, x);
            float* sums = Scratch.Rent(Scratch.Use.Columns, geometry.WeightCount);
            Run(merged.Geometry, merged.Source, dy, sums, merged.RowDistance, geometry.InChannels);
            MergedRows.RestoreWeights(geometry, sums, dw);
            return;
        }

        Run(geometry, x, dy, dw, geometry.InWidth * geometry.InChannels, geometry.InChannels);
    }

    private static void Run(in ConvolutionGeometry geometry, float* x, float* dy, float* dw, int rowDistance, int pixelDistance)
    {
        ConvolutionTile tile = ConvolutionTile.Active;
        var job = new Job
        {
            Geometry = geometry, X = x, Dy = dy, Dw = dw, OutPixels = geometry.OutHeight * geometry.OutWidth,
            RowDistance = rowDistance, PixelDistance = pixelDistance,
            Panels = (geometry.GroupOutputs + tile.Columns - 1) / tile.Columns,
            Lines = (geometry.GroupInputs + tile.Rows - 1) / tile.Rows * tile.Rows,
        };
        job.Images = Math.Clamp(RunPixels / job.OutPixels, 1, geometry.Batch);
        job.Runs = (geometry.Batch + job.Images - 1) / job.Images;
        job.Padded = (long)tile.PaddedColumns(geometry.GroupOutputs) * geometry.Taps * job.Lines;
        job.FillOffsets();
        job.CopyLastRun(tile);
        bool isSmall = job.Padded <= SmallWeights;
        long workPerRun = (long)job.Images * job.OutPixels * geometry.Taps * geometry.GroupInputs * geometry.GroupOutputs;
        job.RunsPerTask = isSmall ? (int)Math.Clamp(TaskWork / Math.Max(workPerRun, 1), (job.Runs + 31) / 32, job.Runs) : job.Runs;
        int parts = (job.Runs + job.RunsPerTask - 1) / job.RunsPerTask;
        job.Sums = Scratch.Rent(Scratch.Use.Weights, job.Padded * parts);
        new Span<float>(job.Sums, checked((int)(job.Padded * parts))).Clear();
        for (job.Group = 0; job.Group < geometry.Groups; job.Group++)
        {
            if (job.Group > 0)
            {
                new Span<float>(job.Sums, checked((int)(job.Padded * parts))).Clear();
            }

            job.IsSmall = isSmall;
            WorkerPool.Current.Run(&GradientTask, &job, isSmall ? parts : job.Panels * geometry.Taps);
            for (int part = 1; part < parts; part++)
            {
                Elementwise.Accumulate(
                    new ReadOnlySpan<float>(job.Sums + (part * job.Padded), (int)job.Padded), new Span<float>(job.Sums, (int)job.Padded));
            }

            WorkerPool.Current.Run(&UnpackTask, &job, job.Panels);
        }
    }

    private static void GradientTask(void* state, int task)
    {
        Job* job = (Job*)state;
        if (!job->IsSmall)
        {
            for (int run = 0; run < job->Runs; run++)
            {
                job->AddRun(job->Sums, run, task / job->Geometry.Taps, task % job->Geometry.Taps);
            }

            return;
        }

        float* sums = job->Sums + (task * job->Padded);
        int last = Math.Min((task + 1) * job->RunsPerTask, job->Runs);
        for (int run = task * job->RunsPerTask; run < last; run++)
        {
            for (int panel = 0; panel < job->Panels; panel++)
            {
                for (int tap = 0; tap < job->Geometry.Taps; tap++)
                {
                    job->AddRun(sums, run, panel, tap);
                }
            }
        }
    }

    /// <summary>From <c>[input channel][tap][columns]</c> of one panel to <c>[O][C][tap]</c>.</summary>
    private static void UnpackTask(void* state, int panel)
    {
        Job* job = (Job*)state;
        ConvolutionTile tile = ConvolutionTile.Active;
        int column = panel * tile.Columns;
        int width = tile.PanelWidth(column, job->Geometry.GroupOutputs);
        int count = Math.Min(width, job->Geometry.GroupOutputs - column);
        int depth = job->Geometry.GroupInputs * job->Geometry.Taps;
        float* source = job->Sums + ((long)column * job->Geometry.Taps * job->Lines);
        float* target = job->Dw + ((long)((job->Group * job->Geometry.GroupOutputs) + column) * depth);

        // The columns of the panel are lines of length `depth` at distance 1: transposing gives one row an output channel.
        Gemm.PackPanels(source, width, linesTogether: false, depth, count, depth, target);
    }

    private struct Job
    {
        internal ConvolutionGeometry Geometry;
        internal float* X;
        internal float* Dy;
        internal float* Dw;
        internal float* Sums;
        internal int OutPixels;
        internal int RowDistance;
        internal int PixelDistance;
        internal int Panels;

        /// <summary>The last run's images where tiles read past the end of a pixel, with room behind them; else null.</summary>
        internal float* LastX;
        internal float* LastDy;

        /// <summary>Input channels, rounded up to whole tiles.</summary>
        internal int Lines;
        internal int Images;
        internal int Runs;
        internal int RunsPerTask;
        internal long Padded;
        internal int Group;
        internal bool IsSmall;

        /// <summary>For each tap its number of pixels, then all offsets into x, then all into dy.</summary>
        internal int* Offsets;

        private readonly long ImageDistance => (long)Geometry.InHeight * RowDistance;

        internal readonly void AddRun(float* sums, int run, int panel, int tap)
        {
            ConvolutionTile tile = ConvolutionTile.Active;
            int image = run * Images;
            int most = Images * OutPixels;
            int* xOffsets = Offsets + Geometry.Taps + (2L * tap * most);
            int pixels = Offsets[tap];
            if (image + Images > Geometry.Batch)
            {
                pixels = pixels / Images * (Geometry.Batch - image);      // offsets are ordered by image
            }

            int column = panel * tile.Columns;
            int width = tile.PanelWidth(column, Geometry.GroupOutputs);
            bool isCopied = LastX != null && run == Runs - 1;
            float* x = (isCopied ? LastX : X + (image * ImageDistance)) + (Group * Geometry.GroupInputs);
            float* dy = (isCopied ? LastDy : Dy + ((long)image * OutPixels * Geometry.OutChannels)) + (Group * Geometry.GroupOutputs) + column;
            float* target = sums + ((long)column * Geometry.Taps * Lines) + (tap * width);
            nint distance = Geometry.Taps * width;
            for (int line = 0; line < Geometry.GroupInputs; line += tile.Rows)
            {
                (width == tile.Columns ? tile.OuterWide : tile.OuterNarrow)(
                    pixels, xOffsets, xOffsets + most, x + line, dy, target + (line * distance), distance);
            }
        }

        /// <summary>A tile may read the next pixel's channels and ignore them; behind the last pixel there must be room for that.</summary>
        internal void CopyLastRun(ConvolutionTile tile)
        {
            if (Geometry.GroupInputs % tile.Rows == 0 && tile.PaddedColumns(Geometry.GroupOutputs) == Geometry.GroupOutputs)
            {
                return;
            }

            const int Room = 64;
            int image = (Runs - 1) * Images;
            int images = Geometry.Batch - image;
            int xCount = (int)(images * ImageDistance);
            int dyCount = images * OutPixels * Geometry.OutChannels;
            LastX = Scratch.Rent(Scratch.Use.Left, xCount + dyCount + (2L * Room));
            LastDy = LastX + xCount + Room;
            new ReadOnlySpan<float>(X + (image * ImageDistance), xCount).CopyTo(new Span<float>(LastX, xCount));
            new ReadOnlySpan<float>(Dy + ((long)image * OutPixels * Geometry.OutChannels), dyCount).CopyTo(new Span<float>(LastDy, dyCount));
        }

        /// <summary>Offsets are the same for every run, so they are found once.</summary>
        internal void FillOffsets()
        {
            ConvolutionGeometry g = Geometry;
            int most = Images * OutPixels;
            Offsets = (int*)Scratch.Rent(Scratch.Use.Pointers, g.Taps + (2L * g.Taps * most));
            for (int tap = 0; tap < g.Taps; tap++)
            {
                int* xOffsets = Offsets + g.Taps + (2L * tap * most);
                int count = 0;
                for (int image = 0; image < Images; image++)
                {
                    for (int oh = 0; oh < g.OutHeight; oh++)
                    {
                        int h = (oh * g.StrideHeight) + (tap / g.KernelWidth * g.DilationHeight) - g.PadTop;
                        for (int ow = 0; ow < g.OutWidth && (uint)h < (uint)g.InHeight; ow++)
                        {
                            int w = (ow * g.StrideWidth) + (tap % g.KernelWidth * g.DilationWidth) - g.PadLeft;
                            if ((uint)w < (uint)g.InWidth)
                            {
                                xOffsets[count] = (int)(image * ImageDistance) + (h * RowDistance) + (w * PixelDistance);
                                xOffsets[most + count] = ((((image * g.OutHeight) + oh) * g.OutWidth) + ow) * g.OutChannels;
                                count++;
                            }
                        }
                    }
                }

                Offsets[tap] = count;
            }
        }
    }
}
