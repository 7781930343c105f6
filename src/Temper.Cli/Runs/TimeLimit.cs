using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>
/// Stops a run when a time limit is reached, in the same way as Ctrl-C: after the current step, with a checkpoint.
/// </summary>
/// <remarks>
/// A timer needs a free thread of the pool, and on a busy machine it may fire much too late. Trainings therefore also
/// compare the clock with the limit after each step.
/// </remarks>
internal sealed class TimeLimit : ITrainingCallback, IDisposable
{
    /// <summary>Upper limit of the timer's duration.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;
    private readonly TimeSpan? _remaining;
    private readonly TimeProvider _time;
    private readonly long _start;

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

        (_time, _start) = (time, limit is null ? 0 : time.GetTimestamp());
        _remaining = limit is { } all ? (all > elapsed ? all - elapsed : TimeSpan.Zero) : null;
        _timer = _remaining is { } remaining
            ? new CancellationTokenSource(remaining, time)
            : new CancellationTokenSource();
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, interrupt);
    }

    /// <summary>Canceled when the time limit is reached, or by Ctrl-C.</summary>
    internal CancellationToken Token => _either.Token;

    /// <summary>Whether the time limit is reached.</summary>
    internal bool IsOver => _timer.IsCancellationRequested;

    /// <summary>Cancels the token if the time limit is over.</summary>
    internal void Check()
    {
        if (_remaining is { } remaining && !IsOver && _time.GetElapsedTime(_start) >= remaining)
        {
            _timer.Cancel();
        }
    }

    public void OnStep(StepProgress progress) => Check();

    public void OnEpoch(EpochResult epoch)
    {
    }

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
