using Temper.Snooping.Logs;

namespace Temper.Snooping.Proxies;

/// <summary>Computes discounted sums of recorded rewards.</summary>
internal static class Returns
{
    /// <summary>
    /// Computes G_t = sum over k of gamma^k r_(t+k) within each episode. The last episode of a log is usually
    /// incomplete, so its steps are omitted, unless it is the only episode.
    /// </summary>
    internal static (int[] Steps, float[] Values) Discounted(IRewardLog log, float gamma)
    {
        IReadOnlyList<Range> episodes = FrameHistory.Episodes(log);
        float[] values = new float[log.Count];
        for (int step = log.Count - 1; step >= 0; step--)
        {
            bool isLast = step == log.Count - 1 || log.IsFirst(step + 1);
            values[step] = log.Reward(step) + (isLast ? 0 : gamma * values[step + 1]);
        }

        int end = episodes.Count > 1 ? episodes[^1].Start.Value : log.Count;
        return ([.. Enumerable.Range(0, end)], values);
    }

    /// <summary>
    /// Scales values to mean 0 and standard deviation 1 over the given steps; null: all values are equal.
    /// </summary>
    internal static float[]? Standardized(int[] steps, float[] values)
    {
        double mean = steps.Average(step => (double)values[step]),
            deviation = Math.Sqrt(steps.Average(step => Math.Pow(values[step] - mean, 2)));
        return deviation > 1e-9 ? [.. values.Select(value => (float)((value - mean) / deviation))] : null;
    }
}
