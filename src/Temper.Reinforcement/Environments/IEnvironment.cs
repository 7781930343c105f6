namespace Temper.Reinforcement.Environments;

/// <summary>
/// A task for an agent, with the semantics of Gymnasium. An episode begins with <see cref="Reset"/>. Each <see
/// cref="Step"/> takes an action and returns an observation and a reward. The end of the task (terminated) is
/// distinguished from the end of the time (truncated).
/// </summary>
/// <remarks>
/// Not thread-safe. The seed of the reset and the actions must determine everything that happens, so that an episode
/// can be replayed; training resumes from checkpoints in this way. A step does not allocate. Trainers, players and
/// servers dispose the environments that they create with a factory, if these implement <see cref="IDisposable"/>.
/// </remarks>
public interface IEnvironment
{
    /// <summary>Specification: name, observations, actions and time limit.</summary>
    EnvironmentSpec Spec { get; }

    /// <summary>Starts an episode.</summary>
    /// <param name="seed">Seed of all random events in the episode.</param>
    /// <param name="observation">
    /// Receives the first observation, row-major, in the shape of the specification; its values must be finite. Empty:
    /// not needed.
    /// </param>
    void Reset(ulong seed, Span<float> observation);

    /// <summary>Performs one action.</summary>
    /// <param name="action">An action allowed by <see cref="EnvironmentSpec.Actions"/>.</param>
    /// <param name="observation">
    /// Receives the next observation; its values must be finite. Empty: not needed.
    /// </param>
    /// <returns>
    /// The reward and whether the episode is over. The caller, not the environment, applies the time limit.
    /// </returns>
    StepOutcome Step(AgentAction action, Span<float> observation);

    /// <summary>
    /// State that survives a reset, such as the last action of sticky actions; saved so that a replay can restore it.
    /// 0: no such state.
    /// </summary>
    long Carried
    {
        get => 0;
        set
        {
            // By default no state survives a reset.
        }
    }
}

/// <summary>Result of one step.</summary>
/// <param name="Reward">The reward; must be finite.</param>
/// <param name="IsTerminated">True: the task has ended, so the value of the next state is 0.</param>
/// <param name="IsTruncated">
/// True: the episode is cut off although the task has not ended, so the value of the next state is estimated.
/// </param>
public readonly record struct StepOutcome(float Reward, bool IsTerminated, bool IsTruncated = false)
{
    /// <summary>True if the episode has ended, terminated or truncated.</summary>
    public bool IsOver => IsTerminated || IsTruncated;
}

/// <summary>An agent's action: the index of a discrete action, or the numbers of a continuous action.</summary>
public readonly ref struct AgentAction
{
    /// <summary>Creates a discrete action.</summary>
    /// <param name="index">Index of the action, from 0.</param>
    public AgentAction(int index) => Index = index;

    /// <summary>Creates a continuous action.</summary>
    /// <param name="values">One number per dimension, such as torques.</param>
    public AgentAction(ReadOnlySpan<float> values) => Values = values;

    /// <summary>Index of a discrete action.</summary>
    public int Index { get; }

    /// <summary>Numbers of a continuous action; empty for a discrete action.</summary>
    public ReadOnlySpan<float> Values { get; }

    /// <summary>Converts an index to a discrete action.</summary>
    /// <param name="index">Index of the action, from 0.</param>
    public static implicit operator AgentAction(int index) => new(index);
}
