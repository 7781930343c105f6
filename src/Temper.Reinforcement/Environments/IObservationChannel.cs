namespace Temper.Reinforcement.Environments;

/// <summary>
/// A channel between environment and agent that a third party can access. It receives every observation, which it may
/// change, and every action, reward and end of an episode. Eavesdroppers record here; attackers perturb observations
/// here.
/// </summary>
/// <remarks>
/// Each environment of a vector environment is a slot. Calls for one slot come in order: an observation, then the
/// action with its reward and end flags, then the next observation. Calls for different slots may be interleaved. A
/// channel that only records leaves observations unchanged.
/// </remarks>
public interface IObservationChannel
{
    /// <summary>Receives an observation on its way to the agent.</summary>
    /// <param name="slot">Index of the environment.</param>
    /// <param name="observation">The observation, row-major; changes are visible to the agent.</param>
    /// <param name="position">Position of the observation in its episode.</param>
    void Observe(int slot, Span<float> observation, EpisodePosition position);

    /// <summary>Receives the agent's action and its result.</summary>
    /// <param name="slot">Index of the environment.</param>
    /// <param name="action">The agent's action, before sticky actions are applied.</param>
    /// <param name="outcome">Reward and end of the episode, including time limits.</param>
    void Act(int slot, AgentAction action, StepOutcome outcome);
}

/// <summary>Position of an observation in its episode.</summary>
public enum EpisodePosition
{
    /// <summary>The observation after a reset.</summary>
    First,

    /// <summary>An observation after a step; the episode continues.</summary>
    Next,

    /// <summary>The last observation of an episode; the agent does not act on it.</summary>
    Last,
}

/// <summary>Channels that observations pass through, before and after frames are stacked.</summary>
public sealed record ObservationChannels
{
    /// <summary>No channels.</summary>
    public static ObservationChannels None { get; } = new();

    /// <summary>
    /// Receives each frame once, before stacking, so that a change stays in the stack, as if the camera signal were
    /// changed. Null: none.
    /// </summary>
    public IObservationChannel? Frame { get; init; }

    /// <summary>Receives the whole stack at each step, after <see cref="Frame"/>; null: none.</summary>
    public IObservationChannel? Stack { get; init; }
}
