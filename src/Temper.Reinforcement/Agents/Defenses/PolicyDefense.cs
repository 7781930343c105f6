using System.Globalization;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Trains an agent to act the same where somebody changes its observations by a little; for policy gradients with
/// discrete actions.
/// </summary>
public abstract record PolicyDefense
{
    private protected PolicyDefense()
    {
    }

    /// <summary>The defenses by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["noise", "adversarial", "smooth", "interval"];

    /// <summary>Its name, lower case.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Perturbation radius that the agent is trained for: the largest change of an element, in units of the
    /// observation; above zero.
    /// </summary>
    public required float Epsilon { get; init; }

    /// <summary>A defense with its default options.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="epsilon">Largest change of a number.</param>
    /// <param name="strength">Weight of the penalty where there is one; null: the default.</param>
    /// <exception cref="ArgumentException">There is none of that name, or it has no penalty.</exception>
    public static PolicyDefense Create(string name, float epsilon, float? strength = null) => (name, strength) switch
    {
        ("noise", null) => new NoiseAugmentation { Epsilon = epsilon },
        ("adversarial", null) => new AdversarialFrames { Epsilon = epsilon },
        ("smooth", _) => new SmoothPolicy { Epsilon = epsilon, Strength = strength ?? SmoothPolicy.DefaultStrength },
        ("interval", _) =>
            new IntervalBounds { Epsilon = epsilon, Strength = strength ?? IntervalBounds.DefaultStrength },
        ("noise" or "adversarial", _) => throw new ArgumentException(
            $"defense: {name} has no penalty to weigh; leave the strength out", nameof(strength)),
        _ => throw new ArgumentException(
            $"defense: there is none called '{name}' (expected one of {string.Join(", ", Names)})", nameof(name)),
    };

    /// <summary>Changes what the agent sees while it gathers experience.</summary>
    /// <param name="training">Where the training stands.</param>
    /// <param name="seen">Observations, <c>[N, ...]</c>, changed in place.</param>
    /// <param name="count">N.</param>
    internal virtual void Disturb(in DefendedTraining training, Span<float> seen, int count)
    {
        // Defenses that are a penalty leave the experience as it is.
    }

    /// <summary>A scalar that is added to the loss of a minibatch; null: nothing.</summary>
    /// <param name="training">Where the training stands; its network is the one that the gradient is of.</param>
    /// <param name="observations"><c>[B, ...]</c>.</param>
    /// <param name="logits">The policy's logits for them, <c>[B, A]</c>.</param>
    internal virtual Tensor? Penalty(in DefendedTraining training, Tensor observations, Tensor logits) => null;

    internal virtual void Validate()
    {
        if (!(Epsilon > 0 && float.IsFinite(Epsilon)))
        {
            throw new ArgumentOutOfRangeException(nameof(Epsilon), $"defense {Name}: epsilon is out of range (got "
                + $"{Epsilon.ToString(CultureInfo.InvariantCulture)}, expected above zero)");
        }
    }

    /// <summary>All options as one text.</summary>
    internal virtual string Describe() => $"{Name} {Epsilon.ToString("R", CultureInfo.InvariantCulture)}";
}

/// <summary>What a defense knows of the training.</summary>
/// <param name="Network">The network as it is now; its first output is the policy.</param>
/// <param name="Random">Numbers of this step alone.</param>
/// <param name="Minimum">Smallest value of an observation.</param>
/// <param name="Maximum">Largest value of an observation.</param>
/// <param name="Progress">Fraction of the training that is done, 0 to 1.</param>
internal readonly record struct DefendedTraining(
    Network Network, RandomStream Random, float Minimum, float Maximum, float Progress)
{
    /// <summary>
    /// Fraction of the training after which a penalty has its full size: a policy that cannot play yet has nothing to
    /// hold on to.
    /// </summary>
    private const float RampEnd = 0.5f;

    /// <summary>Grows from 0 to 1 over the first half of the training.</summary>
    internal float Ramp => Math.Min(1, Progress / RampEnd);
}
