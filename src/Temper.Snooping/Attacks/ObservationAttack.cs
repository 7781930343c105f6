using System.Globalization;

namespace Temper.Snooping.Attacks;

/// <summary>
/// Base class of attacks that perturb observations. Each value stays within <see cref="Epsilon"/> of the clean value
/// (L-infinity norm) and within the bounds of the stream.
/// </summary>
public abstract record ObservationAttack
{
    private protected ObservationAttack()
    {
    }

    /// <summary>Name of the attack in reports.</summary>
    public abstract string Name { get; }

    /// <summary>Largest change of each value, in the units of the observation; 0 or more.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Whether each frame is perturbed once, or the agent's whole stack of frames at every step.</summary>
    public StackMode Mode { get; init; } = StackMode.PerFrame;

    /// <summary>Precision of the values that pass through the channel.</summary>
    public ChannelPrecision Precision { get; init; } = ChannelPrecision.Float32;

    /// <summary>True if the channel's precision rounds away every perturbation of size <see cref="Epsilon"/>.</summary>
    public bool IsBelowPrecision => Precision == ChannelPrecision.UInt8 && Levels == 0;

    /// <summary>Number of 8-bit levels by which a value may change.</summary>
    internal int Levels => (int)Math.Min(255, Math.Floor((Epsilon * 255) + 1e-6));

    internal virtual void Validate()
    {
        if (!(Epsilon >= 0 && double.IsFinite(Epsilon)))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{Name}: epsilon is out of range (got {Epsilon}, expected zero or more)"));
        }
    }
}

/// <summary>The position of the attacker: before or after frames are stacked.</summary>
public enum StackMode
{
    /// <summary>
    /// Each frame is perturbed once, when it passes through the channel. The perturbed frame stays in the agent's
    /// stack. This corresponds to a physical attack.
    /// </summary>
    PerFrame,

    /// <summary>All frames of the stack are perturbed again at every step, as in most published code.</summary>
    WholeStack,
}

/// <summary>Precision of an observation channel.</summary>
public enum ChannelPrecision
{
    /// <summary>Float32 values.</summary>
    Float32,

    /// <summary>
    /// Multiples of 1/255 from 0 to 1. Perturbed values stay within epsilon of the rounded clean value, so an epsilon
    /// below 1/255 has no effect.
    /// </summary>
    UInt8,
}

/// <summary>
/// Changes each value by plus or minus epsilon at random. Stronger than uniform noise; the baseline for every attack.
/// </summary>
public sealed record RandomSign : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => "random-sign";
}

/// <summary>Adds noise drawn uniformly from -epsilon to epsilon to each value.</summary>
public sealed record UniformNoise : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => "uniform-noise";
}

/// <summary>
/// Takes steps along the sign of the proxies' gradient. One step is FGSM (arXiv:1412.6572), several steps are PGD
/// (arXiv:1706.06083), and several steps with momentum are MI-FGSM (arXiv:1710.06081).
/// </summary>
public sealed record GradientSign : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => (Steps, Momentum) switch { (1, _) => "fgsm", (_, 0) => "pgd", _ => "mi-fgsm" };

    /// <summary>Number of gradient steps, 1 or more.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>
    /// Step size, above 0. Null: epsilon for one step, 2.5 epsilon / steps for several, and epsilon / steps with
    /// momentum.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>Decay factor of the accumulated gradient, 0 to 1; 0: no momentum.</summary>
    public float Momentum { get; init; }

    /// <summary>True to start at a random point within epsilon of the clean observation.</summary>
    public bool RandomStart { get; init; }

    /// <summary>True to move toward the least likely class; false to move away from the most likely class.</summary>
    public bool IsTargeted { get; init; }

    /// <summary>For proxies of values: true to raise the predicted value; false to lower it.</summary>
    public bool RaisesValue { get; init; }

    /// <summary>Creates an FGSM attack: one step.</summary>
    /// <param name="epsilon">Largest change of each value.</param>
    public static GradientSign Fgsm(double epsilon) => new() { Epsilon = epsilon };

    /// <summary>Creates a PGD attack: ten steps from a random start.</summary>
    /// <param name="epsilon">Largest change of each value.</param>
    public static GradientSign Pgd(double epsilon) => new() { Epsilon = epsilon, Steps = 10, RandomStart = true };

    /// <summary>Creates an MI-FGSM attack: ten steps with momentum, which transfers better to other networks.</summary>
    /// <param name="epsilon">Largest change of each value.</param>
    public static GradientSign MomentumIterative(double epsilon) =>
        new() { Epsilon = epsilon, Steps = 10, Momentum = 1 };

    internal double Size => StepSize ?? (Steps == 1 ? Epsilon : (Momentum > 0 ? 1 : 2.5) * Epsilon / Steps);

    internal override void Validate()
    {
        base.Validate();
        if (Steps < 1 || Momentum is < 0 or > 1 || StepSize is <= 0)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{Name}: an option is out of range (got {Steps} steps, momentum {Momentum}, step size {StepSize}; "
                + $"expected steps 1 or more, momentum 0 to 1, step size above 0)"));
        }
    }
}
