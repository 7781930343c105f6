namespace Temper.Kernels;

/// <summary>
/// Copies images from row-major or channels-last memory to planes, and from planes to channels-last memory.
/// </summary>
internal static unsafe class PlaneCopies
{
    /// <summary>Number of channels per task: one cache line of channels-last memory.</summary>
    private const int TaskChannels = 16;

    /// <summary>Copies <c>[N, C, H, W]</c> to planes; borders and unused image slots become zero.</summary>
    internal static void FromRowMajor(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, new Job { Shape = shape, Pixels = x.Pointer, Planes = y.Pointer }, &RowsIntoPlane, shape.Channels);

    /// <summary>
    /// Copies <c>[N, C, H, W]</c> to planes and maps the channels; borders and unused image slots become zero.
    /// </summary>
    internal static void ScaledFromRowMajor(
        int batch, in PlaneShape shape, FloatAddress x, FloatAddress y, ChannelMap map) =>
        Run(batch, new Job
        {
            Shape = shape, Pixels = x.Pointer, Planes = y.Pointer, Map = map.Numbers,
        }, &RowsIntoPlane, shape.Channels);

    /// <summary>Copies <c>[N, H, W, C]</c> to planes; borders and unused image slots become zero.</summary>
    internal static void FromChannelsLast(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, new Job
        {
            Shape = shape, Pixels = x.Pointer, Planes = y.Pointer,
        }, &PixelsIntoPlanes, Chunks.Count(shape.Channels, TaskChannels));

    /// <summary>Copies planes to <c>[N, H, W, C]</c>.</summary>
    internal static void ToChannelsLast(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, new Job { Shape = shape, Pixels = y.Pointer, Planes = x.Pointer }, &RowOutOfPlanes, tasks: 0);

    /// <summary>Adds planes of zeros before and after those of each group of images.</summary>
    internal static void Pad(int batch, in PlaneShape shape, int before, int after, FloatAddress x, FloatAddress y)
    {
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            var group = new PlaneGroup(shape, ImageGroup.At(i, batch));
            int plane = group.Piece.Plane * group.Lanes, floats = checked((int)group.Floats);
            y.Span(before * plane).Clear();
            y += before * (long)plane;
            x.Span(floats).CopyTo(y.Span(floats));
            y += floats;
            y.Span(after * plane).Clear();
            x += floats;
            y += after * (long)plane;
        }
    }

    private static void Run(int batch, Job job, delegate*<void*, int, void> task, int tasks)
    {
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            var group = new PlaneGroup(job.Shape, ImageGroup.At(i, batch));
            (job.Group, job.Halo) = (group, PlaneHalo.Of(group));
            WorkerPool.Current.Run(task, &job, tasks > 0 ? tasks : group.Piece.Height);
            job.Planes += group.Floats;
        }
    }

    /// <summary>Copies one channel, with the same row of all images, or of all pieces, interleaved.</summary>
    private static void RowsIntoPlane(void* state, int channel)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape piece = job.Group.Piece, whole = job.Group.Shape;
        int lanes = job.Group.Lanes;
        long count = (long)whole.Height * whole.Width;
        float* plane = job.Planes + ((long)channel * piece.Plane * lanes);
        float* lines = Scratch.Rent(Scratch.Use.Tile, (long)lanes * piece.Width);
        for (int row = 0; row < piece.Height; row++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                long pixel = job.Group.PixelOf(lane, row, 0);
                int length = pixel < 0 ? 0 : Math.Min(piece.Width, whole.Width - (int)(pixel % whole.Width));
                (long image, long at) = Math.DivRem(Math.Max(pixel, 0), count);
                float* source = job.Pixels + (((image * whole.Channels) + job.Map.Source(channel)) * count) + at;
                var line = new Span<float>(lines + (lane * piece.Width), piece.Width);
                if (job.Map.IsNull)
                {
                    new ReadOnlySpan<float>(source, length).CopyTo(line);
                }
                else
                {
                    Elementwise.Serial(job.Map.Of(channel), source, lines + (lane * piece.Width), length);
                }

                line[length..].Clear();
            }

            Transposes.Lines(lines, piece.Width, lanes, piece.Width, lanes, plane
                + ((piece.Origin + ((long)row * piece.Pitch)) * lanes));
        }

        PlaneBorders.Write(plane, piece, lanes, job.Halo);
    }

    /// <summary>Copies some channels of all pixels.</summary>
    private static void PixelsIntoPlanes(void* state, int number)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape piece = job.Group.Piece;
        int lanes = job.Group.Lanes, first = number * TaskChannels,
            channels = Math.Min(TaskChannels, piece.Channels - first);
        long plane = (long)piece.Plane * lanes;
        float* planes = job.Planes + (first * plane);
        float* turned = Scratch.Rent(Scratch.Use.Tile, TaskChannels * (lanes + (long)Math.Max(piece.Width, lanes)));
        float* lines = turned + (TaskChannels * Math.Max(piece.Width, lanes));
        for (int row = 0; row < piece.Height; row++)
        {
            float* target = planes + ((piece.Origin + ((long)row * piece.Pitch)) * lanes);
            if (lanes == 1)
            {
                Transposes.Lines(
                    job.Pixels + (job.Group.PixelOf(0, row, 0) * piece.Channels) + first, piece.Channels, piece.Width,
                    channels, piece.Width, turned);
                CopyLines(turned, piece.Width, target, plane, channels, piece.Width);
                continue;
            }

            for (int column = 0; column < piece.Width; column++, target += lanes)
            {
                Turn(job, row, column, first, channels, lines, turned);
                CopyLines(turned, lanes, target, plane, channels, lanes);
            }
        }

        for (int channel = 0; channel < channels; channel++)
        {
            PlaneBorders.Write(planes + (channel * plane), piece, lanes, job.Halo);
        }
    }

    /// <summary>
    /// Transposes some channels of one pixel of all lanes to <c>[channel, lane]</c>. Whole images have a fixed
    /// distance; pieces do not and are gathered first.
    /// </summary>
    private static void Turn(in Job job, int row, int column, int first, int channels, float* lines, float* turned)
    {
        int all = job.Group.Piece.Channels, lanes = job.Group.Lanes;
        if (job.Group.Grid.Count == 1)
        {
            float* source = job.Pixels + (job.Group.PixelOf(0, row, column) * all) + first;
            Transposes.Lines(
                source, (nint)job.Group.Shape.Height * job.Group.Shape.Width * all, job.Group.Images.Count, channels,
                lanes, turned);
            return;
        }

        for (int lane = 0; lane < lanes; lane++)
        {
            long pixel = job.Group.PixelOf(lane, row, column);
            var line = new Span<float>(lines + (lane * channels), channels);
            if (pixel >= 0)
            {
                new ReadOnlySpan<float>(job.Pixels + (pixel * all) + first, channels).CopyTo(line);
            }
            else
            {
                line.Clear();
            }
        }

        Transposes.Lines(lines, channels, lanes, channels, lanes, turned);
    }

    private static void RowOutOfPlanes(void* state, int row)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape piece = job.Group.Piece;
        int lanes = job.Group.Lanes;
        nint plane = (nint)piece.Plane * lanes;
        float* source = job.Planes + ((piece.Origin + ((long)row * piece.Pitch)) * lanes);
        if (lanes == 1)
        {
            Transposes.Lines(source, plane, piece.Channels, piece.Width, piece.Channels, job.Pixels
                + (job.Group.PixelOf(0, row, 0) * piece.Channels));
            return;
        }

        float* turned = Scratch.Rent(Scratch.Use.Tile, (long)piece.Channels * lanes);
        for (int column = 0; column < piece.Width; column++, source += lanes)
        {
            Transposes.Lines(source, plane, piece.Channels, lanes, piece.Channels, turned);
            for (int lane = 0; lane < lanes; lane++)
            {
                long pixel = job.Group.PixelOf(lane, row, column);
                if (pixel >= 0)
                {
                    new ReadOnlySpan<float>(turned + (lane * piece.Channels), piece.Channels)
                        .CopyTo(new Span<float>(job.Pixels + (pixel * piece.Channels), piece.Channels));
                }
            }
        }
    }

    private static void CopyLines(float* source, long sourceStep, float* target, long targetStep, int lines, int length)
    {
        for (int line = 0; line < lines; line++, source += sourceStep, target += targetStep)
        {
            new ReadOnlySpan<float>(source, length).CopyTo(new Span<float>(target, length));
        }
    }

    private struct Job
    {
        internal PlaneShape Shape;
        internal PlaneGroup Group;
        internal PlaneHalo Halo;
        internal float* Pixels;
        internal float* Planes;

        internal ChannelMap.View Map;
    }
}
