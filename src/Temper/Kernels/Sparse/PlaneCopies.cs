namespace Temper.Kernels;

/// <summary>Images from row-major or channels-last memory into planes, and from planes into channels-last memory.</summary>
internal static unsafe class PlaneCopies
{
    /// <summary>Channels of a task: a line of the cache in channels-last memory.</summary>
    private const int TaskChannels = 16;

    /// <summary><c>[N, C, H, W]</c> into planes; borders and room for images that do not exist become zero.</summary>
    internal static void FromRowMajor(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, shape, x.Pointer, y.Pointer, &RowsIntoPlane, shape.Channels);

    /// <summary><c>[N, H, W, C]</c> into planes; borders and room for images that do not exist become zero.</summary>
    internal static void FromChannelsLast(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, shape, x.Pointer, y.Pointer, &PixelsIntoPlanes, Chunks.Count(shape.Channels, TaskChannels));

    /// <summary>Planes into <c>[N, H, W, C]</c>.</summary>
    internal static void ToChannelsLast(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, shape, y.Pointer, x.Pointer, &RowOutOfPlanes, shape.Height);

    private static void Run(int batch, in PlaneShape shape, float* pixels, float* planes, delegate*<void*, int, void> task, int tasks)
    {
        long slots = 0;
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            ImageGroup group = ImageGroup.At(i, batch);
            var job = new Job
            {
                Shape = shape, Group = group,
                Pixels = pixels + ((long)group.First * shape.Height * shape.Width * shape.Channels), Planes = planes + (slots * shape.Image),
            };
            WorkerPool.Current.Run(task, &job, tasks);
            slots += group.Interleave;
        }
    }

    /// <summary>One channel: the same row of all images side by side.</summary>
    private static void RowsIntoPlane(void* state, int channel)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape s = job.Shape;
        int interleave = job.Group.Interleave;
        float* plane = job.Planes + ((long)channel * s.Plane * interleave);
        float* target = plane + ((long)s.Origin * interleave);
        float* source = job.Pixels + ((long)channel * s.Height * s.Width);
        nint image = (nint)s.Channels * s.Height * s.Width;
        for (int row = 0; row < s.Height; row++, source += s.Width, target += (long)s.Pitch * interleave)
        {
            if (interleave == 1)
            {
                new ReadOnlySpan<float>(source, s.Width).CopyTo(new Span<float>(target, s.Width));
            }
            else
            {
                Transposes.Lines(source, image, job.Group.Count, s.Width, interleave, target);
            }
        }

        ClearBorder(plane, s, interleave);
    }

    /// <summary>Some channels of all pixels.</summary>
    private static void PixelsIntoPlanes(void* state, int number)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape s = job.Shape;
        int interleave = job.Group.Interleave, first = number * TaskChannels, channels = Math.Min(TaskChannels, s.Channels - first);
        long plane = (long)s.Plane * interleave;
        float* planes = job.Planes + (first * plane);
        float* turned = Scratch.Rent(Scratch.Use.Tile, (long)TaskChannels * Math.Max(s.Width, interleave));
        nint image = (nint)s.Height * s.Width * s.Channels;
        for (int row = 0; row < s.Height; row++)
        {
            float* source = job.Pixels + ((long)row * s.Width * s.Channels) + first;
            float* target = planes + ((s.Origin + ((long)row * s.Pitch)) * interleave);
            if (interleave == 1)
            {
                Transposes.Lines(source, s.Channels, s.Width, channels, s.Width, turned);
                CopyLines(turned, s.Width, target, plane, channels, s.Width);
                continue;
            }

            for (int column = 0; column < s.Width; column++, source += s.Channels, target += interleave)
            {
                Transposes.Lines(source, image, job.Group.Count, channels, interleave, turned);
                CopyLines(turned, interleave, target, plane, channels, interleave);
            }
        }

        for (int channel = 0; channel < channels; channel++)
        {
            ClearBorder(planes + (channel * plane), s, interleave);
        }
    }

    private static void RowOutOfPlanes(void* state, int row)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape s = job.Shape;
        int interleave = job.Group.Interleave;
        nint plane = (nint)s.Plane * interleave;
        float* source = job.Planes + ((s.Origin + ((long)row * s.Pitch)) * interleave);
        float* target = job.Pixels + ((long)row * s.Width * s.Channels);
        if (interleave == 1)
        {
            Transposes.Lines(source, plane, s.Channels, s.Width, s.Channels, target);
            return;
        }

        long image = (long)s.Height * s.Width * s.Channels;
        float* turned = Scratch.Rent(Scratch.Use.Tile, (long)s.Channels * interleave);
        for (int column = 0; column < s.Width; column++, source += interleave, target += s.Channels)
        {
            Transposes.Lines(source, plane, s.Channels, interleave, s.Channels, turned);
            CopyLines(turned, s.Channels, target, image, job.Group.Count, s.Channels);
        }
    }

    private static void ClearBorder(float* plane, in PlaneShape shape, int interleave)
    {
        if (shape.Plane > shape.Height * shape.Width)
        {
            PlaneBorders.Clear(plane, shape, interleave, 0, shape.Height);
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
        internal ImageGroup Group;
        internal float* Pixels;
        internal float* Planes;
    }
}
