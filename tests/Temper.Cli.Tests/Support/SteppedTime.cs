namespace Temper.Cli.Tests.Support;

/// <summary>Deterministic clock: each read advances it by a step and then runs the timers that are due.</summary>
internal sealed class SteppedTime(TimeSpan step) : TimeProvider
{
    private readonly List<DueTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Whether timers run; false: as on a machine too busy for them.</summary>
    internal bool RunsTimers { get; init; } = true;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Advance();

    public override long GetTimestamp() => Advance().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new DueTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    private DateTimeOffset Advance()
    {
        _now += step;
        foreach (DueTimer timer in _timers.Where(timer => RunsTimers && timer.Due <= _now).ToArray())
        {
            _timers.Remove(timer);
            timer.Run();
        }

        return _now;
    }

    private sealed class DueTimer(SteppedTime clock, Action run) : ITimer
    {
        internal DateTimeOffset Due { get; private set; }

        internal void Run() => run();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : clock._now + dueTime;
            return true;
        }

        public void Dispose() => clock._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
