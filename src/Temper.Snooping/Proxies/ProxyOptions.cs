namespace Temper.Snooping.Proxies;

/// <summary>How a proxy is trained; defaults are those of the specification.</summary>
public sealed record ProxyOptions
{
    /// <summary>Decides weights, order and which episodes are held out.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The proxy's network. An eavesdropper does not know the agent's.</summary>
    public ProxyArchitecture Architecture { get; init; } = ProxyArchitecture.Default;

    /// <summary>Passes over the log, one or more.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Steps a batch, one or more.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Learning rate of Adam.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>Fraction of the episodes that is held out and measures the proxy, between 0 and 1.</summary>
    public double HeldOut { get; init; } = 0.1;

    /// <summary>For values of actions: how often targets are computed anew.</summary>
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
            throw new ArgumentException($"ProxyOptions: {option} is out of range (got {value}, expected {expected})");
        }
    }
}

/// <summary>Networks of proxies: like a victim's usual one, and others.</summary>
public enum ProxyArchitecture
{
    /// <summary>A convolution for grids and pictures, layers for numbers.</summary>
    Default,

    /// <summary>One layer of 128 with ReLU.</summary>
    Mlp,

    /// <summary>One layer of 64 with tanh.</summary>
    SmallTanh,

    /// <summary>Two layers of 256 with ReLU.</summary>
    Large,
}
