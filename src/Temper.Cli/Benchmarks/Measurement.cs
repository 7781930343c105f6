using System.Diagnostics;

namespace Temper.Cli.Benchmarks;

/// <summary>Times an action on a machine that others use too.</summary>
internal static class Measurement
{
    private const int FewestRounds = 5;

    /// <summary>Seconds of a call that nothing disturbed: the tenth part of all calls is faster. One call before is not counted.</summary>
    internal static double LowQuantile(Action work, TimeSpan time, CancellationToken cancel)
    {
        work();
        var rounds = new List<double>();
        var total = Stopwatch.StartNew();
        while (rounds.Count < FewestRounds || total.Elapsed < time)
        {
            cancel.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            work();
            rounds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        rounds.Sort();
        return rounds[rounds.Count / 10];
    }
}
