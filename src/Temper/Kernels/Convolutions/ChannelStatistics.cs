namespace Temper.Kernels;

/// <summary>
/// Mean and variance of each channel from what tasks have gathered. Each task counts from its own first value (its
/// pivot), so that a mean far from zero costs no digits; the tasks are merged in their order by the rule of Chan, Golub
/// and LeVeque.
/// </summary>
/// <param name="partial">Memory of <see cref="Floats"/> floats.</param>
/// <param name="tasks">Tasks that gather.</param>
/// <param name="channels">Channels.</param>
internal readonly unsafe struct ChannelStatistics(float* partial, int tasks, int channels)
{
    internal static long Floats(int tasks, int channels) => ((3L * channels) + 1) * tasks;

    /// <summary>Pivots, sums and sums of squares of a task, a channel count apart.</summary>
    internal float* Of(int task) => partial + (3L * task * channels);

    /// <summary>Says how many pixels a task has seen.</summary>
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
