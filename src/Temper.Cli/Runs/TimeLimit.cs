namespace Temper.Cli.Runs;

/// <summary>Stops a run when a time is over, just as Ctrl-C does: after the running step, with a checkpoint.</summary>
internal sealed class TimeLimit : IDisposable
{
    /// <summary>Timers do not wait longer.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;

    /// <param name="limit">The time; null: none.</param>
    /// <param name="elapsed">What of it is over already.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interrupt">Set by Ctrl-C.</param>
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

    /// <summary>Set when the time is over, or by Ctrl-C.</summary>
    internal CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over.</summary>
    internal bool IsOver => _timer.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
