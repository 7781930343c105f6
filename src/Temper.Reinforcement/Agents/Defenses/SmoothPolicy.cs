using System.Globalization;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// The state-adversarial regularizer (SA-MDP, arXiv:2003.08938): the policy is kept close to itself in a ball around
/// each observation. The worst observation of the ball is approached with projected gradient steps.
/// </summary>
public sealed record SmoothPolicy : PolicyDefense
{
    internal const float DefaultStrength = 0.3f;

    /// <inheritdoc/>
    public override string Name => "smooth";

    /// <summary>
    /// kappa, weight of the divergence, above zero. Like epsilon it grows from zero over the first half of the
    /// training.
    /// </summary>
    public float Strength { get; init; } = DefaultStrength;

    /// <summary>Gradient steps towards the worst observation.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>
    /// <c>kappa KL(pi(o) || pi(o + delta))</c>, mean over the batch; its gradient goes through the changed observation
    /// alone.
    /// </summary>
    internal override Tensor? Penalty(in DefendedTraining training, Tensor observations, Tensor logits)
    {
        float ramp = training.Ramp;
        if (ramp <= 0)
        {
            return null;
        }

        Tensor worst, p, entropy;
        using (GradientTape.Suspend())
        {
            worst = WorstObservation.Find(training, observations, Epsilon * ramp, Steps).Detach();
            p = logits.Softmax().Detach();
            entropy = (p * logits.LogSoftmax()).Sum().Detach();
        }

        Tensor crossed = (p * training.Network.Forward([worst], Networks.Pass.Evaluation)[0].LogSoftmax()).Sum();
        return (entropy - crossed) * (Strength * ramp / logits.Shape[0]);
    }

    internal override void Validate()
    {
        base.Validate();
        if (!(Strength > 0 && float.IsFinite(Strength)) || Steps < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Strength), "defense smooth: an option is out of range (got "
                + $"strength {Strength.ToString(CultureInfo.InvariantCulture)}, {Steps} steps; expected above zero, 1 "
                    + "or more)");
        }
    }

    internal override string Describe() =>
        string.Create(CultureInfo.InvariantCulture, $"{base.Describe()} strength {Strength:R} steps {Steps}");
}
