namespace Temper.Kernels;

/// <summary>Images from channels-last memory into planes and back.</summary>
internal static unsafe class PlaneCopies
{
    /// <summary><c>[N, H, W, C]</c> into planes; borders and room for images that do not exist become zero.</summary>
    internal static void FromChannelsLast(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, shape, x.Pointer, y.Pointer, &IntoPlanes);

    /// <summary>Planes into <c>[N, H, W, C]</c>.</summary>
    internal static void ToChannelsLast(int batch, in PlaneShape shape, FloatAddress x, FloatAddress y) =>
        Run(batch, shape, y.Pointer, x.Pointer, &OutOfPlanes);

    private static void Run(int batch, in PlaneShape shape, float* pixels, float* planes, delegate*<void*, int, void> task)
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
            WorkerPool.Current.Run(task, &job, shape.Height);
            slots += group.Interleave;
        }
    }

    private static void IntoPlanes(void* state, int row)
    {
        ref Job job = ref *(Job*)state;
        PlaneShape s = job.Shape;
        int interleave = job.Group.Interleave;
        long plane = (long)s.Plane * interleave;
        float* target = job.Planes + ((s.Origin + ((long)row * s.Pitch)) * interleave);
        float* source = job.Pixels + ((long)row * s.Width * s.Channels);
        float* turned = Scratch.Rent(Scratch.Use.Tile, (long)s.Channels * Math.Max(s.Width, interleave));
        if (interleave == 1)
        {
            Transposes.Lines(source, s.Channels, s.Width, s.Channels, s.Width, turned);
            CopyLines(turned, s.Width, target, plane, s.Channels, s.Width);
        }
        else
        {
            nint image = (nint)s.Height * s.Width * s.Channels;
            for (int column = 0; column < s.Width; column++, source += s.Channels, target += interleave)
            {
                Transposes.Lines(source, image, job.Group.Count, s.Channels, interleave, turned);
                CopyLines(turned, interleave, target, plane, s.Channels, interleave);
            }
        }

        for (int channel = 0; channel < s.Channels && s.Plane > s.Height * s.Width; channel++)
        {
            PlaneBorders.Clear(job.Planes + (channel * plane), s, interleave, row, row + 1);
        }
    }

    private static void OutOfPlanes(void* state, int row)
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
