namespace Temper.Reinforcement.Environments;

/// <summary>
/// A wire between environment and agent that somebody else can reach: it is given every observation, which it may
/// change, and every action, reward and end of an episode. Eavesdroppers record here, attackers change observations
/// here.
/// </summary>
/// <remarks>
/// Each environment of a vector is a slot; a slot's calls come in order: an observation, the action it led to with
/// reward and end, the next observation. Slots may be interleaved. A channel that only records leaves the observation
/// as it is.
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

/// <summary>The channels that observations pass: before frames are stacked, and after.</summary>
public sealed record ObservationChannels
{
    /// <summary>No channel.</summary>
    public static ObservationChannels None { get; } = new();

    /// <summary>
    /// Sees each single frame once, before frames are stacked, so that a change stays in the stack: as if the camera's
    /// signal were changed.
    /// </summary>
    public IObservationChannel? Frame { get; init; }

    /// <summary>Sees the whole stack at each step, after <see cref="Frame"/>.</summary>
    public IObservationChannel? Stack { get; init; }
}
