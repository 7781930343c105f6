namespace Temper.Tensors;

/// <summary>Mean and variance of each channel over a batch.</summary>
/// <param name="Mean">Means, <c>[C]</c>.</param>
/// <param name="Variance">Biased variances over the batch (divided by <see cref="Count"/>), <c>[C]</c>.</param>
/// <param name="Count">Number of values per channel.</param>
public sealed record BatchStatistics(float[] Mean, float[] Variance, int Count)
{
    /// <summary>Computes the statistics of a tensor <c>[N, C, ...]</c>, with sums in double precision.</summary>
    internal static BatchStatistics Of(Tensor x)
    {
        int channels = x.Shape[1], inner = x.Shape.CountOf(2, x.Rank);
        double[] sums = new double[channels], squares = new double[channels];
        ReadOnlySpan<float> values = x.ToRowMajor().AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            int channel = i / inner % channels;
            sums[channel] += values[i];
            squares[channel] += (double)values[i] * values[i];
        }

        int count = x.Shape[0] * inner;
        double[] means = Array.ConvertAll(sums, sum => sum / count);
        return new BatchStatistics(
            Array.ConvertAll(means, mean => (float)mean),
            [.. squares.Select((square, c) => (float)Math.Max(0, (square / count) - (means[c] * means[c])))], count);
    }

    /// <summary>
    /// Computes the statistics over the batches of all ranks, from the sums of x and x² in double precision.
    /// </summary>
    internal BatchStatistics Joined(IStatisticsReducer reducer)
    {
        int channels = Mean.Length;
        double[] sums = new double[(2 * channels) + 1];
        for (int c = 0; c < channels; c++)
        {
            sums[c] = Count * (double)Mean[c];
            sums[channels + c] = Count * (Variance[c] + ((double)Mean[c] * Mean[c]));
        }

        sums[^1] = Count;
        reducer.Sum(sums);
        double count = Math.Max(sums[^1], 1);
        float[] mean = new float[channels], variance = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            double m = sums[c] / count;
            mean[c] = (float)m;
            variance[c] = (float)Math.Max((sums[channels + c] / count) - (m * m), 0);
        }

        return new BatchStatistics(mean, variance, checked((int)sums[^1]));
    }
}
