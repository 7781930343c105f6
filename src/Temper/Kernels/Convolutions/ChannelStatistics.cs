namespace Temper.Kernels;

/// <summary>
/// Mean and variance of each channel, merged from partial statistics of several tasks. Each task subtracts its own
/// first value (the pivot), to avoid cancellation if the mean is far from zero. The tasks are merged in order by the
/// method of Chan, Golub and LeVeque.
/// </summary>
/// <param name="partial">Memory of <see cref="Floats"/> floats.</param>
/// <param name="tasks">Number of tasks.</param>
/// <param name="channels">Number of channels.</param>
internal readonly unsafe struct ChannelStatistics(float* partial, int tasks, int channels)
{
    internal static long Floats(int tasks, int channels) => ((3L * channels) + 1) * tasks;

    /// <summary>Returns the memory of one task: pivots, sums and sums of squares, each one float per channel.</summary>
    internal float* Of(int task) => partial + (3L * task * channels);

    /// <summary>Sets the number of pixels a task has processed.</summary>
    internal void SetPixels(int task, int pixels) => ((int*)(partial + (3L * tasks * channels)))[task] = pixels;

    internal void Merge(Span<float> mean, Span<float> variance)
    {
        int* pixels = (int*)(partial + (3L * tasks * channels));
        for (int c = 0; c < channels; c++)
        {
            (double count, double average, double squares) = (0, 0, 0);
            for (int task = 0; task < tasks; task++)
            {
                float* of = Of(task) + c;
                double n = pixels[task];
                double shifted = of[channels] / n;
                double delta = of[0] + shifted - average;
                average += delta * n / (count + n);
                squares += of[2 * channels] - (shifted * shifted * n) + (delta * delta * count * n / (count + n));
                count += n;
            }

            mean[c] = (float)average;
            variance[c] = (float)Math.Max(squares / count, 0);
        }
    }
}
