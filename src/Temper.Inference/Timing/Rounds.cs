using System.Diagnostics;

namespace Temper.Inference.Timing;

/// <summary>
/// Times contenders in turns, so that a disturbance of the machine affects all of them, and returns a low quantile: the
/// time on an otherwise idle machine. The median of wall times on a shared machine can be wrong by a factor.
/// </summary>
internal static class Rounds
{
    /// <summary>
    /// Pause before a turn, long enough for the spinning idle workers of another library to go to sleep. ONNX Runtime's
    /// workers spin for tens of milliseconds.
    /// </summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(40);

    /// <summary>Work shorter than this is repeated within one sample.</summary>
    private static readonly TimeSpan ShortestSample = TimeSpan.FromMicroseconds(150);

    private static readonly TimeSpan LongestTurn = TimeSpan.FromMilliseconds(20);

    private const int SamplesATurn = 10;

    private const int FewestTurns = 5;

    private const double Quantile = 0.05;

    /// <summary>
    /// Returns the seconds of one unit of work for each contender: the 5th percentile of its samples.
    /// </summary>
    /// <param name="contenders">The contenders.</param>
    /// <param name="seconds">Approximate time to spend on each contender.</param>
    /// <param name="clock">
    /// Clock that returns seconds, such as the CPU time of the calling thread; null: wall time.
    /// </param>
    /// <param name="cancellation">Checked between turns.</param>
    internal static double[] Measure(
        IReadOnlyList<Contender> contenders, double seconds, Func<double>? clock = null,
        CancellationToken cancellation = default)
    {
        clock ??= WallTime;
        int[] repetitions = [.. contenders.Select(c => c.Turn is null ? Repetitions(c.Work, seconds) : 0)];
        List<double>[] samples = [.. contenders.Select(_ => new List<double>())];
        long start = Stopwatch.GetTimestamp();
        for (int turn = 0; turn < FewestTurns
            || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds * contenders.Count; turn++)
        {
            for (int i = 0; i < contenders.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                Thread.Sleep(contenders.Count > 1 ? Quiet : TimeSpan.Zero);
                if (contenders[i].Turn is { } turnElsewhere)
                {
                    samples[i].AddRange(turnElsewhere(LongestTurn.TotalSeconds));
                }
                else
                {
                    Turn(contenders[i].Work, repetitions[i], clock, samples[i]);
                }
            }
        }

        return [.. samples.Select(LowQuantile)];
    }

    private static double WallTime() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    private static void Turn(Action work, int repetitions, Func<double> clock, List<double> samples)
    {
        // Wakes the library's workers and brings its data back into the caches, as in a steady run.
        work();
        work();
        long turn = Stopwatch.GetTimestamp();
        for (int sample = 0; sample < SamplesATurn && Stopwatch.GetElapsedTime(turn) < LongestTurn; sample++)
        {
            double start = clock();
            for (int i = 0; i < repetitions; i++)
            {
                work();
            }

            samples.Add((clock() - start) / repetitions);
        }
    }

    private static int Repetitions(Action work, double seconds)
    {
        double warmUp = Math.Min(seconds, TieredJit.WarmUp.TotalSeconds) + TieredJit.Extra.TotalSeconds;
        TimeSpan best = TimeSpan.MaxValue;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 5 || Stopwatch.GetElapsedTime(start).TotalSeconds < warmUp; i++)
        {
            long once = Stopwatch.GetTimestamp();
            work();
            TimeSpan took = Stopwatch.GetElapsedTime(once);
            best = took < best ? took : best;
        }

        return Repetitions(best);
    }

    /// <summary>Returns the repetitions of work that make one sample.</summary>
    /// <param name="best">Time of the work. Shorter times than a tick of the clock are measured as zero.</param>
    internal static int Repetitions(TimeSpan best) =>
        Math.Max(1, (int)(ShortestSample / TimeSpan.FromTicks(Math.Max(1, best.Ticks))));

    private static double LowQuantile(List<double> samples)
    {
        samples.Sort();
        return samples[(int)(samples.Count * Quantile)];
    }
}
