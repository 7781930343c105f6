using System.Globalization;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Options for training a proxy. The defaults are ours; <c>temper rl snoop</c> uses the same ones.
/// </summary>
public sealed record ProxyOptions
{
    /// <summary>Seed of the initial weights, the sample order and the choice of held-out episodes.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Architecture of the proxy. An eavesdropper does not know the agent's architecture.</summary>
    public ProxyArchitecture Architecture { get; init; } = ProxyArchitecture.Default;

    /// <summary>Number of passes over the log, 1 or more.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Steps per batch, 1 or more.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Learning rate of Adam, above 0.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>
    /// Fraction of the episodes held out to measure the proxy, above 0 and below 1. If the log has only one episode,
    /// this fraction of its steps is held out, at its end.
    /// </summary>
    public double HeldOut { get; init; } = 0.1;

    /// <summary>For <see cref="OfflineQ"/>: number of times the targets are recomputed, 1 or more.</summary>
    public int QIterations { get; init; } = 10;

    internal void Validate()
    {
        Require(Epochs >= 1, nameof(Epochs), Epochs, "1 or more");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "1 or more");
        Require(LearningRate > 0 && float.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "above zero");
        Require(HeldOut is > 0 and < 1, nameof(HeldOut), HeldOut, "between 0 and 1");
        Require(QIterations >= 1, nameof(QIterations), QIterations, "1 or more");
    }

    private static void Require(bool isRight, string option, object value, string expected)
    {
        if (!isRight)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"ProxyOptions: {option} is out of range (got {value}, expected {expected})"));
        }
    }
}

/// <summary>Architectures of proxies: the usual one of a victim, and alternatives.</summary>
public enum ProxyArchitecture
{
    /// <summary>Convolutions for grids and images; fully connected layers for vectors.</summary>
    Default,

    /// <summary>One hidden layer of 128 units with ReLU.</summary>
    Mlp,

    /// <summary>One hidden layer of 64 units with tanh.</summary>
    SmallTanh,

    /// <summary>Two hidden layers of 256 units with ReLU.</summary>
    Large,
}
