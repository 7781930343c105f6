namespace Temper.Kernels;

/// <summary>
/// Max and average pooling of images in channels-last memory, <c>[N, H, W, C]</c>, with windows given by two axes.
/// </summary>
internal static unsafe partial class Pooling
{
    /// <summary>
    /// Computes the maximum of each window; NaN if the window contains NaN, minus infinity if it is entirely in the
    /// padding.
    /// </summary>
    /// <param name="sizes">Sizes of images, channels and windows.</param>
    /// <param name="x"><c>[N, H, W, C]</c>.</param>
    /// <param name="y">Receives <c>[N, OH, OW, C]</c>.</param>
    /// <param name="positions">
    /// Receives the index of the kernel position of the maximum (the first if several are equal), for the gradient;
    /// empty: not stored.
    /// </param>
    internal static void Maximum(PoolingSizes sizes, ReadOnlySpan<float> x, Span<float> y, Span<float> positions)
    {
        fixed (float* px = x, py = y, pt = positions)
        {
            Run(new PoolJob
            {
                Input = px, Output = py, Positions = pt,
            }, sizes, &MaximumRow, sizes.Batch * sizes.Height.Outputs);
        }
    }

    /// <summary>Passes the gradient of each window to the kernel position of its maximum.</summary>
    /// <param name="sizes">Sizes of images, channels and windows.</param>
    /// <param name="dy"><c>[N, OH, OW, C]</c>.</param>
    /// <param name="positions">Positions stored by <see cref="Maximum"/>.</param>
    /// <param name="dx">Receives <c>[N, H, W, C]</c>.</param>
    internal static void MaximumGradient(
        PoolingSizes sizes, ReadOnlySpan<float> dy, ReadOnlySpan<float> positions, Span<float> dx)
    {
        fixed (float* pd = dy, pt = positions, px = dx)
        {
            Run(new PoolJob { Input = px, Output = pd, Positions = pt }, sizes, &MaximumGradientImage, sizes.Batch);
        }
    }

    /// <summary>Computes the sum of each window, divided by the sizes given by the axes.</summary>
    internal static void Average(PoolingSizes sizes, ReadOnlySpan<float> x, Span<float> y)
    {
        fixed (float* px = x, py = y)
        {
            Run(new PoolJob { Input = px, Output = py }, sizes, &AverageRow, sizes.Batch * sizes.Height.Outputs);
        }
    }

    /// <summary>Distributes the gradient of each window over its kernel positions.</summary>
    internal static void AverageGradient(PoolingSizes sizes, ReadOnlySpan<float> dy, Span<float> dx)
    {
        fixed (float* pd = dy, px = dx)
        {
            Run(new PoolJob { Input = px, Output = pd }, sizes, &AverageGradientImage, sizes.Batch);
        }
    }

    private static void Run(PoolJob job, PoolingSizes sizes, delegate*<void*, int, void> task, int tasks)
    {
        if (sizes.Channels == 0 || sizes.Width.Inputs == 0 || tasks == 0)
        {
            return;
        }

        (PoolingAxis height, PoolingAxis width) = (sizes.Height, sizes.Width);
        fixed (int* hs = height.Starts, he = height.Ends, hn = height.Sizes,
            ws = width.Starts, we = width.Ends, wn = width.Sizes)
        {
            job.Height = new Windows(hs, he, hn, height);
            job.Width = new Windows(ws, we, wn, width);
            job.Channels = sizes.Channels;
            job.IsDisjoint = height.IsDisjoint && width.IsDisjoint;
            WorkerPool.Current.Run(task, &job, tasks);
        }
    }

    /// <summary>One axis in unmanaged form, for the tasks.</summary>
    private readonly struct Windows(int* starts, int* ends, int* sizes, PoolingAxis axis)
    {
        internal readonly int* Starts = starts;
        internal readonly int* Ends = ends;
        internal readonly int* Sizes = sizes;
        internal readonly int Inputs = axis.Inputs;
        internal readonly int Outputs = axis.Outputs;
        internal readonly int Step = axis.Step;
    }

    private struct PoolJob
    {
        internal float* Input;
        internal float* Output;
        internal float* Positions;
        internal Windows Height;
        internal Windows Width;
        internal int Channels;
        internal bool IsDisjoint;

        internal readonly float* InputRow(int image, int h) =>
            Input + ((((long)image * Height.Inputs) + h) * Width.Inputs * Channels);

        internal readonly long OutputRow(int image, int oh) =>
            (((long)image * Height.Outputs) + oh) * Width.Outputs * Channels;
    }
}

/// <summary>Sizes of a pooling operation.</summary>
/// <param name="Batch">Number of images.</param>
/// <param name="Channels">Number of channels per image.</param>
/// <param name="Height">Windows along the height.</param>
/// <param name="Width">Windows along the width.</param>
internal readonly record struct PoolingSizes(int Batch, int Channels, PoolingAxis Height, PoolingAxis Width);
