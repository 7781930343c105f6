using Temper.Tensors;

namespace Temper.Reinforcement.Environments;

/// <summary>What an environment shows and takes.</summary>
public sealed record EnvironmentSpec
{
    /// <summary>Its name in lower case with hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>Shape of one observation: <c>[C, H, W]</c> for a grid or a picture, <c>[D]</c> for numbers.</summary>
    public required Shape ObservationShape { get; init; }

    /// <summary>Smallest value of an observation.</summary>
    public float Minimum { get; init; } = float.NegativeInfinity;

    /// <summary>Largest value of an observation.</summary>
    public float Maximum { get; init; } = float.PositiveInfinity;

    /// <summary>What an agent may do.</summary>
    public required ActionSpace Actions { get; init; }

    /// <summary>Steps after which an episode is truncated; 0: it has no limit.</summary>
    public int StepLimit { get; init; }

    /// <summary>Steps of the game that an action lasts; see <see cref="EnvironmentOptions.FrameSkip"/>.</summary>
    public int FrameSkip { get; init; } = 1;

    /// <summary>How many of the last observations an agent usually looks at together (a frame stack).</summary>
    public int Frames { get; init; } = 1;
}

/// <summary>
/// Which actions there are: one of <see cref="Count"/>, or <see cref="Dimensions"/> numbers in a range.
/// </summary>
public sealed record ActionSpace
{
    /// <summary>Number of discrete actions; 0 for continuous ones.</summary>
    public int Count { get; private init; }

    /// <summary>Length of a continuous action; 0 for discrete ones.</summary>
    public int Dimensions { get; private init; }

    /// <summary>Smallest value of each number of a continuous action.</summary>
    public float Low { get; private init; }

    /// <summary>Largest value of each number of a continuous action.</summary>
    public float High { get; private init; }

    /// <summary>Names of the discrete actions, for people; empty: they have none.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>Whether an action is an index.</summary>
    public bool IsDiscrete => Count > 0;

    /// <summary>One of several actions.</summary>
    /// <param name="count">How many, positive.</param>
    /// <param name="names">Their names; null for none.</param>
    public static ActionSpace Discrete(int count, IReadOnlyList<string>? names = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new ActionSpace { Count = count, Names = names ?? [] };
    }

    /// <summary>Numbers in a range.</summary>
    /// <param name="dimensions">How many, positive.</param>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">Largest value.</param>
    public static ActionSpace Continuous(int dimensions, float low, float high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        return new ActionSpace { Dimensions = dimensions, Low = low, High = high };
    }
}
