namespace Temper.Reinforcement.Environments;

/// <summary>Options of a named environment.</summary>
public sealed record EnvironmentOptions
{
    internal const float DefaultSticky = 0.1f;
    internal const int DefaultGridLimit = 5000;

    /// <summary>
    /// Grid games: probability that the previous action is repeated instead of the agent's action, 0 to 1; null: 0.1,
    /// as in MinAtar.
    /// </summary>
    public float? Sticky { get; init; }

    /// <summary>
    /// Grid games: true: all six actions are available, including those without effect; false: only actions with an
    /// effect.
    /// </summary>
    public bool HasAllActions { get; init; }

    /// <summary>Steps after which an episode is truncated; 0: never; null: the environment's default.</summary>
    public int? StepLimit { get; init; }

    /// <summary>
    /// Game steps for which each action is repeated (frame skip), 1 or more; null: 1. The rewards of these steps are
    /// summed, and the step limit counts actions. Grid games support only 1.
    /// </summary>
    public int? FrameSkip { get; init; }
}
