namespace Temper.Cli.Runs;

/// <summary>
/// Stops a run when a time limit is reached, in the same way as Ctrl-C: after the current step, with a checkpoint.
/// </summary>
internal sealed class TimeLimit : IDisposable
{
    /// <summary>Upper limit of the timer's duration.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;

    /// <param name="limit">Time limit; null: none.</param>
    /// <param name="elapsed">Time already elapsed, counted against the limit.</param>
    /// <param name="time">Clock to measure time with.</param>
    /// <param name="interrupt">Canceled by Ctrl-C.</param>
    internal TimeLimit(TimeSpan? limit, TimeSpan elapsed, TimeProvider time, CancellationToken interrupt)
    {
        if (limit > LongestTimer)
        {
            throw CommandLine.ToolException.Usage(
                $"{RunSettings.MaxTime.Flag}: cannot be used (got '{CommandLine.Durations.Show(limit.Value)}', "
                + $"expected at most {LongestTimer.TotalDays}d; or none)");
        }

        _timer = limit is { } all
            ? new CancellationTokenSource(all > elapsed ? all - elapsed : TimeSpan.Zero, time)
            : new CancellationTokenSource();
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, interrupt);
    }

    /// <summary>Canceled when the time limit is reached, or by Ctrl-C.</summary>
    internal CancellationToken Token => _either.Token;

    /// <summary>Whether the time limit is reached.</summary>
    internal bool IsOver => _timer.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
