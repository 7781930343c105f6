using System.Globalization;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Base class of defenses that train an agent to choose the same action when its observations are slightly perturbed.
/// For policy gradients with discrete actions.
/// </summary>
public abstract record PolicyDefense
{
    private protected PolicyDefense()
    {
    }

    /// <summary>Names of the defenses.</summary>
    public static IReadOnlyList<string> Names { get; } = ["noise", "adversarial", "smooth", "interval"];

    /// <summary>Name of the defense, in lower case.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Perturbation radius to train for: the largest change of each value, in units of the observation; above 0.
    /// </summary>
    public required float Epsilon { get; init; }

    /// <summary>Creates a defense with default options.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="epsilon">Perturbation radius, above 0.</param>
    /// <param name="strength">Weight of the penalty, for defenses that have one; null: the default.</param>
    /// <exception cref="ArgumentException">
    /// The name is unknown, or a strength is given for a defense without a penalty.
    /// </exception>
    public static PolicyDefense Create(string name, float epsilon, float? strength = null) => (name, strength) switch
    {
        ("noise", null) => new NoiseAugmentation { Epsilon = epsilon },
        ("adversarial", null) => new AdversarialFrames { Epsilon = epsilon },
        ("smooth", _) => new SmoothPolicy { Epsilon = epsilon, Strength = strength ?? SmoothPolicy.DefaultStrength },
        ("interval", _) =>
            new IntervalBounds { Epsilon = epsilon, Strength = strength ?? IntervalBounds.DefaultStrength },
        ("noise" or "adversarial", _) => throw new ArgumentException(
            $"defense: {name} has no penalty; omit the strength", nameof(strength)),
        _ => throw new ArgumentException(
            $"defense: unknown name (got '{name}', expected one of {string.Join(", ", Names)})", nameof(name)),
    };

    /// <summary>Perturbs the observations that the agent acts on while it collects experience.</summary>
    /// <param name="training">State of the training.</param>
    /// <param name="seen">Observations, <c>[N, ...]</c>, changed in place.</param>
    /// <param name="count">Number of observations, N.</param>
    internal virtual void Disturb(in DefendedTraining training, Span<float> seen, int count)
    {
        // Defenses that add a penalty leave the experience unchanged.
    }

    /// <summary>Computes a scalar to add to the loss of a minibatch; null: no penalty.</summary>
    /// <param name="training">State of the training; gradients are taken with respect to its network.</param>
    /// <param name="observations"><c>[B, ...]</c>.</param>
    /// <param name="logits">The policy's logits for the observations, <c>[B, A]</c>.</param>
    internal virtual Tensor? Penalty(in DefendedTraining training, Tensor observations, Tensor logits) => null;

    internal virtual void Validate()
    {
        if (!(Epsilon > 0 && float.IsFinite(Epsilon)))
        {
            throw new ArgumentOutOfRangeException(nameof(Epsilon), $"defense {Name}: epsilon is out of range (got "
                + $"{Epsilon.ToString(CultureInfo.InvariantCulture)}, expected above zero)");
        }
    }

    /// <summary>Returns all options as text; part of the checkpoint's identity.</summary>
    internal virtual string Describe() => $"{Name} {Epsilon.ToString("R", CultureInfo.InvariantCulture)}";
}

/// <summary>State of the training that a defense needs.</summary>
/// <param name="Network">The current network; its first output is the policy.</param>
/// <param name="Random">Random numbers for this step only.</param>
/// <param name="Minimum">Smallest value of an observation.</param>
/// <param name="Maximum">Largest value of an observation.</param>
/// <param name="Progress">Fraction of the training completed, 0 to 1.</param>
internal readonly record struct DefendedTraining(
    Network Network, RandomStream Random, float Minimum, float Maximum, float Progress)
{
    /// <summary>
    /// Fraction of the training after which a penalty reaches full strength: a penalty too early prevents the policy
    /// from learning to play.
    /// </summary>
    private const float RampEnd = 0.5f;

    /// <summary>Factor that rises linearly from 0 to 1 over the first half of the training.</summary>
    internal float Ramp => Math.Min(1, Progress / RampEnd);
}
