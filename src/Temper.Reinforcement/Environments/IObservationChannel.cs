namespace Temper.Reinforcement.Environments;

/// <summary>
/// Stands between environments and agent: every observation crosses it, may be changed there, and the signals that go back are seen. What an
/// eavesdropper records and where an attacker works.
/// </summary>
/// <remarks>
/// Each environment of a vector is a slot; a slot's calls come in order: an observation, the action it led to with reward and end, the next
/// observation. Slots may be interleaved. A channel that only records leaves the observation as it is.
/// </remarks>
public interface IObservationChannel
{
    /// <summary>An observation on its way to the agent.</summary>
    /// <param name="slot">Which environment.</param>
    /// <param name="observation">Row-major; what is written here is what the agent sees.</param>
    /// <param name="position">Where in the episode it is.</param>
    void Observe(int slot, Span<float> observation, EpisodePosition position);

    /// <summary>What the agent did and what came of it.</summary>
    /// <param name="slot">Which environment.</param>
    /// <param name="action">The agent's action, before stickiness.</param>
    /// <param name="outcome">Reward and end of the episode, time limits included.</param>
    void Act(int slot, AgentAction action, StepOutcome outcome);
}

/// <summary>Where in an episode an observation stands.</summary>
public enum EpisodePosition
{
    /// <summary>It follows a reset.</summary>
    First,

    /// <summary>It follows a step, and the episode goes on.</summary>
    Next,

    /// <summary>It is the last one of an episode: the agent does not act on it.</summary>
    Last,
}

/// <summary>Where in the way of an observation a channel stands.</summary>
public sealed record ObservationChannels
{
    /// <summary>No channel.</summary>
    public static ObservationChannels None { get; } = new();

    /// <summary>Sees each single frame once, before frames are stacked: what is changed stays changed in the stack. The physical case.</summary>
    public IObservationChannel? Frame { get; init; }

    /// <summary>Sees the whole stack at each step, behind <see cref="Frame"/>.</summary>
    public IObservationChannel? Stack { get; init; }
}
