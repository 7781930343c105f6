namespace Temper.Reinforcement.Environments;

/// <summary>
/// A task for an agent, with the semantics of Gymnasium: an episode begins with <see cref="Reset"/>, each
/// <see cref="Step"/> takes an action and gives an observation and a reward, and the end of the task (terminated) is
/// kept apart from the end of the time (truncated).
/// </summary>
/// <remarks>
/// Belongs to one thread. Everything that happens must follow from the seed of the reset and the actions since, so that
/// an episode can be replayed: training resumes from a checkpoint by doing exactly that. A step allocates nothing.
/// </remarks>
public interface IEnvironment
{
    /// <summary>Its name, observations, actions and time limit.</summary>
    EnvironmentSpec Spec { get; }

    /// <summary>Begins an episode.</summary>
    /// <param name="seed">Decides everything that is random in this episode.</param>
    /// <param name="observation">
    /// Receives the first observation, row-major in the spec's shape; empty: not wanted.
    /// </param>
    void Reset(ulong seed, Span<float> observation);

    /// <summary>Takes one action.</summary>
    /// <param name="action">One that <see cref="EnvironmentSpec.Actions"/> allows.</param>
    /// <param name="observation">Receives the next observation; empty: not wanted.</param>
    /// <returns>
    /// Reward, and whether the episode is over. The time limit of the spec is not the environment's business.
    /// </returns>
    StepOutcome Step(AgentAction action, Span<float> observation);

    /// <summary>
    /// What a reset does not clear, so that a replay can begin with it: the memory of sticky actions, say. 0 where
    /// nothing is left.
    /// </summary>
    long Carried
    {
        get => 0;
        set
        {
            // Nothing survives a reset unless an environment says so.
        }
    }
}

/// <summary>What one step gave.</summary>
/// <param name="Reward">The reward; must be finite.</param>
/// <param name="IsTerminated">The task is over: what would come next is worth nothing.</param>
/// <param name="IsTruncated">
/// The episode is cut off although the task goes on: what would come next is estimated.
/// </param>
public readonly record struct StepOutcome(float Reward, bool IsTerminated, bool IsTruncated = false)
{
    /// <summary>Whether the episode is over, for either reason.</summary>
    public bool IsOver => IsTerminated || IsTruncated;
}

/// <summary>What an agent does: the index of one of several actions, or numbers.</summary>
public readonly ref struct AgentAction
{
    /// <summary>One of several actions.</summary>
    /// <param name="index">From 0 on.</param>
    public AgentAction(int index) => Index = index;

    /// <summary>Numbers, such as torques.</summary>
    /// <param name="values">One for each dimension.</param>
    public AgentAction(ReadOnlySpan<float> values) => Values = values;

    /// <summary>Index of a discrete action.</summary>
    public int Index { get; }

    /// <summary>Numbers of a continuous action; empty for a discrete one.</summary>
    public ReadOnlySpan<float> Values { get; }

    /// <summary>A discrete action.</summary>
    /// <param name="index">From 0 on.</param>
    public static implicit operator AgentAction(int index) => new(index);
}
