namespace Temper.Snooping.Attacks;

/// <summary>
/// A change of observations that stays within <see cref="Epsilon"/> of the clean one in each number (L-infinity) and
/// within the bounds of the stream.
/// </summary>
public abstract record ObservationAttack
{
    private protected ObservationAttack()
    {
    }

    /// <summary>Its name in reports.</summary>
    public abstract string Name { get; }

    /// <summary>Largest change of a number, in units of the observation.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Whether single frames are changed once, or the agent's whole stack at each step.</summary>
    public StackMode Mode { get; init; } = StackMode.PerFrame;

    /// <summary>What passes through the channel.</summary>
    public ChannelPrecision Precision { get; init; } = ChannelPrecision.Float32;

    /// <summary>Whether the channel's precision hides every change this small.</summary>
    public bool IsBelowPrecision => Precision == ChannelPrecision.UInt8 && Levels == 0;

    /// <summary>Whole levels of an 8-bit channel by which a number may change.</summary>
    internal int Levels => (int)Math.Min(255, Math.Floor((Epsilon * 255) + 1e-6));

    internal virtual void Validate()
    {
        if (!(Epsilon >= 0 && double.IsFinite(Epsilon)))
        {
            throw new ArgumentException($"{Name}: epsilon is out of range (got {Epsilon}, expected zero or more)");
        }
    }
}

/// <summary>Where the attacker stands.</summary>
public enum StackMode
{
    /// <summary>
    /// Each frame is changed once, when it crosses the channel, and stays changed in the agent's stack: the physical
    /// case.
    /// </summary>
    PerFrame,

    /// <summary>All frames of the stack are changed anew at each step, as most published code does.</summary>
    WholeStack,
}

/// <summary>What numbers the channel carries.</summary>
public enum ChannelPrecision
{
    /// <summary>Any float.</summary>
    Float32,

    /// <summary>
    /// Whole multiples of 1/255 from 0 to 1; what arrives is within epsilon of what would have arrived, so smaller
    /// changes do nothing.
    /// </summary>
    UInt8,
}

/// <summary>
/// Each number moves by epsilon up or down at random: stronger than uniform noise, the baseline of every attack.
/// </summary>
public sealed record RandomSign : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => "random-sign";
}

/// <summary>Each number moves by a uniform draw from -epsilon to epsilon.</summary>
public sealed record UniformNoise : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => "uniform-noise";
}

/// <summary>
/// Steps along the sign of a proxy's gradient: one is FGSM (arXiv:1412.6572), several PGD (arXiv:1706.06083), with
/// momentum MI-FGSM (arXiv:1710.06081).
/// </summary>
public sealed record GradientSign : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => (Steps, Momentum) switch { (1, _) => "fgsm", (_, 0) => "pgd", _ => "mi-fgsm" };

    /// <summary>Steps, one or more.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>
    /// Size of a step; null: epsilon for one step, 2.5 epsilon / steps for several, epsilon / steps with momentum.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>What is kept of the steps before, 0 to 1.</summary>
    public float Momentum { get; init; }

    /// <summary>Begins at a random point of the ball.</summary>
    public bool RandomStart { get; init; }

    /// <summary>Leads towards the least likely class in the place of away from the likeliest.</summary>
    public bool IsTargeted { get; init; }

    /// <summary>Makes a value look high; else low.</summary>
    public bool RaisesValue { get; init; }

    /// <summary>One step.</summary>
    /// <param name="epsilon">Largest change of a number.</param>
    public static GradientSign Fgsm(double epsilon) => new() { Epsilon = epsilon };

    /// <summary>Ten steps from a random start.</summary>
    /// <param name="epsilon">Largest change of a number.</param>
    public static GradientSign Pgd(double epsilon) => new() { Epsilon = epsilon, Steps = 10, RandomStart = true };

    /// <summary>Ten steps with momentum, which carries over to other networks better.</summary>
    /// <param name="epsilon">Largest change of a number.</param>
    public static GradientSign MomentumIterative(double epsilon) =>
        new() { Epsilon = epsilon, Steps = 10, Momentum = 1 };

    internal double Size => StepSize ?? (Steps == 1 ? Epsilon : (Momentum > 0 ? 1 : 2.5) * Epsilon / Steps);

    internal override void Validate()
    {
        base.Validate();
        if (Steps < 1 || Momentum is < 0 or > 1 || StepSize is <= 0)
        {
            throw new ArgumentException($"{Name}: an option is out of range (got {Steps} steps, momentum {Momentum}, "
                + $"step size {StepSize}; expected 1 or more, 0 to 1, above zero)");
        }
    }
}
