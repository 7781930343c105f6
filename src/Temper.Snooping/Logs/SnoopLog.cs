namespace Temper.Snooping.Logs;

/// <summary>
/// Recorded observations. What else can be read depends on the type: a log of threat model S has no rewards and no
/// actions.
/// </summary>
public interface IStateLog
{
    /// <summary>The format of the stream.</summary>
    StreamInfo Stream { get; }

    /// <summary>Under which threat model it was recorded.</summary>
    ThreatModel Threat { get; }

    /// <summary>Recorded steps.</summary>
    int Count { get; }

    /// <summary>The observation of a step, row-major.</summary>
    /// <param name="step">0 to count - 1.</param>
    ReadOnlySpan<float> Observation(int step);

    /// <summary>Whether an episode begins with a step.</summary>
    /// <param name="step">0 to count - 1.</param>
    bool IsFirst(int step);
}

/// <summary>A log with the agent's actions.</summary>
public interface IActionLog : IStateLog
{
    /// <summary>The action that followed the observation of a step.</summary>
    /// <param name="step">0 to count - 1.</param>
    int Action(int step);
}

/// <summary>A log with rewards.</summary>
public interface IRewardLog : IStateLog
{
    /// <summary>The reward that followed the observation of a step.</summary>
    /// <param name="step">0 to count - 1.</param>
    float Reward(int step);
}

/// <summary>A log with actions and rewards.</summary>
public interface IFullLog : IActionLog, IRewardLog;

/// <summary>The recorded signals; each threat model has a type of its own that shows no more than it reads.</summary>
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

    /// <summary>The log of a threat model: what it does not read is not kept.</summary>
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

/// <summary>Signals step by step.</summary>
/// <param name="Observations"><c>[N, D]</c>, row-major.</param>
/// <param name="Firsts">Whether an episode begins, <c>[N]</c>.</param>
/// <param name="Actions"><c>[N]</c>, or empty.</param>
/// <param name="Rewards"><c>[N]</c>, or empty.</param>
internal sealed record RecordedSteps(float[] Observations, bool[] Firsts, int[] Actions, float[] Rewards)
{
    internal int Count => Firsts.Length;
}
