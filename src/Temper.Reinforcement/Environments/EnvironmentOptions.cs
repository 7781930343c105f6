namespace Temper.Reinforcement.Environments;

/// <summary>What can be said about a named environment.</summary>
public sealed record EnvironmentOptions
{
    internal const float DefaultSticky = 0.1f;
    internal const int DefaultGridLimit = 5000;

    /// <summary>
    /// Grid games: probability that the last action is carried out once more instead of the agent's, 0 to 1; null: 0.1,
    /// as the games that these follow.
    /// </summary>
    public float? Sticky { get; init; }

    /// <summary>Grid games: all six actions, also those that do nothing; else only those of the game.</summary>
    public bool HasAllActions { get; init; }

    /// <summary>Steps after which an episode is truncated; null: as usual for the environment. 0: never.</summary>
    public int? StepLimit { get; init; }

    /// <summary>
    /// Steps of the game that an action lasts (frame skip), 1 or more; null: 1. Rewards of the steps are added, and the
    /// step limit counts actions. Grid games take an action each step.
    /// </summary>
    public int? FrameSkip { get; init; }
}
