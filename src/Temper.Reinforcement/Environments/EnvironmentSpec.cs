using Temper.Tensors;

namespace Temper.Reinforcement.Environments;

/// <summary>Specification of an environment: its observations, actions and limits.</summary>
public sealed record EnvironmentSpec
{
    /// <summary>Name of the environment, in lower case with hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Shape of one observation: <c>[C, H, W]</c> for a grid or an image, <c>[D]</c> for a vector; <c>[1]</c> for a
    /// single number.
    /// </summary>
    public required Shape ObservationShape { get; init; }

    /// <summary>Smallest value of an observation.</summary>
    public float Minimum { get; init; } = float.NegativeInfinity;

    /// <summary>Largest value of an observation.</summary>
    public float Maximum { get; init; } = float.PositiveInfinity;

    /// <summary>The action space.</summary>
    public required ActionSpace Actions { get; init; }

    /// <summary>Steps after which an episode is truncated; 0: never.</summary>
    public int StepLimit { get; init; }

    /// <summary>Game steps that each action lasts; see <see cref="EnvironmentOptions.FrameSkip"/>.</summary>
    public int FrameSkip { get; init; } = 1;

    /// <summary>Default number of observations that an agent stacks (frame stack).</summary>
    public int Frames { get; init; } = 1;
}

/// <summary>
/// Action space: either <see cref="Count"/> discrete actions, or vectors of <see cref="Dimensions"/> numbers.
/// </summary>
public sealed record ActionSpace
{
    /// <summary>Number of discrete actions; 0: actions are continuous.</summary>
    public int Count { get; private init; }

    /// <summary>Length of a continuous action; 0: actions are discrete.</summary>
    public int Dimensions { get; private init; }

    /// <summary>Smallest value of each number of a continuous action.</summary>
    public float Low { get; private init; }

    /// <summary>Largest value of each number of a continuous action.</summary>
    public float High { get; private init; }

    /// <summary>Names of the discrete actions, for display; empty: no names.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>True if actions are discrete.</summary>
    public bool IsDiscrete => Count > 0;

    /// <summary>Creates a discrete action space.</summary>
    /// <param name="count">Number of actions, 1 or more.</param>
    /// <param name="names">Names of the actions; null: no names.</param>
    public static ActionSpace Discrete(int count, IReadOnlyList<string>? names = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new ActionSpace { Count = count, Names = names ?? [] };
    }

    /// <summary>Creates a continuous action space.</summary>
    /// <param name="dimensions">Length of an action, 1 or more.</param>
    /// <param name="low">Smallest value of each number.</param>
    /// <param name="high">Largest value of each number.</param>
    public static ActionSpace Continuous(int dimensions, float low, float high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        return new ActionSpace { Dimensions = dimensions, Low = low, High = high };
    }
}
