namespace Temper.Snooping.Logs;

/// <summary>
/// A log of recorded observations. Derived interfaces add further signals: a log of threat model S has no rewards and
/// no actions.
/// </summary>
public interface IStateLog
{
    /// <summary>Format of the stream.</summary>
    StreamInfo Stream { get; }

    /// <summary>Threat model under which the log was recorded.</summary>
    ThreatModel Threat { get; }

    /// <summary>Number of recorded steps.</summary>
    int Count { get; }

    /// <summary>Returns the observation of a step, row-major.</summary>
    /// <param name="step">Index of the step, 0 to <see cref="Count"/> - 1.</param>
    ReadOnlySpan<float> Observation(int step);

    /// <summary>Returns whether a step is the first of an episode.</summary>
    /// <param name="step">Index of the step, 0 to <see cref="Count"/> - 1.</param>
    bool IsFirst(int step);
}

/// <summary>A log that includes the agent's actions.</summary>
public interface IActionLog : IStateLog
{
    /// <summary>Returns the action taken after the observation of a step.</summary>
    /// <param name="step">Index of the step, 0 to <see cref="IStateLog.Count"/> - 1.</param>
    int Action(int step);
}

/// <summary>A log that includes rewards.</summary>
public interface IRewardLog : IStateLog
{
    /// <summary>Returns the reward received after the observation of a step.</summary>
    /// <param name="step">Index of the step, 0 to <see cref="IStateLog.Count"/> - 1.</param>
    float Reward(int step);
}

/// <summary>A log that includes actions and rewards.</summary>
public interface IFullLog : IActionLog, IRewardLog;

/// <summary>
/// The recorded signals. Each threat model has its own type, which exposes only the signals that the model includes.
/// </summary>
internal class StateLog(StreamInfo stream, RecordedSteps steps) : IStateLog
{
    public StreamInfo Stream => stream;

    public virtual ThreatModel Threat => ThreatModel.S;

    public int Count => steps.Count;

    protected RecordedSteps Steps => steps;

    public ReadOnlySpan<float> Observation(int step)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)step, (uint)Count, nameof(step));
        int size = stream.FrameShape.Count;
        return steps.Observations.AsSpan(checked(step * size), size);
    }

    public bool IsFirst(int step) => steps.Firsts[step];

    /// <summary>Creates the log of a threat model; signals that the model does not include are discarded.</summary>
    internal static IStateLog Of(StreamInfo stream, ThreatModel threat, RecordedSteps steps) => threat switch
    {
        ThreatModel.S => new StateLog(stream, steps with { Actions = [], Rewards = [] }),
        ThreatModel.SA => new StateActionLog(stream, steps with { Rewards = [] }),
        ThreatModel.SR => new StateRewardLog(stream, steps with { Actions = [] }),
        _ => new FullLog(stream, steps),
    };

    private sealed class StateActionLog(StreamInfo stream, RecordedSteps steps) : StateLog(stream, steps), IActionLog
    {
        public override ThreatModel Threat => ThreatModel.SA;

        public int Action(int step) => Steps.Actions[step];
    }

    private sealed class StateRewardLog(StreamInfo stream, RecordedSteps steps) : StateLog(stream, steps), IRewardLog
    {
        public override ThreatModel Threat => ThreatModel.SR;

        public float Reward(int step) => Steps.Rewards[step];
    }

    private sealed class FullLog(StreamInfo stream, RecordedSteps steps) : StateLog(stream, steps), IFullLog
    {
        public override ThreatModel Threat => ThreatModel.SRA;

        public int Action(int step) => Steps.Actions[step];

        public float Reward(int step) => Steps.Rewards[step];
    }
}

/// <summary>Recorded signals by step.</summary>
/// <param name="Observations"><c>[N, D]</c>, row-major.</param>
/// <param name="Firsts"><c>[N]</c>; true where an episode begins.</param>
/// <param name="Actions"><c>[N]</c>, or empty: not recorded.</param>
/// <param name="Rewards"><c>[N]</c>, or empty: not recorded.</param>
internal sealed record RecordedSteps(float[] Observations, bool[] Firsts, int[] Actions, float[] Rewards)
{
    internal int Count => Firsts.Length;
}
