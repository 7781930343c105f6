using System.Globalization;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// State-adversarial regularizer (SA-MDP, arXiv:2003.08938): penalizes the divergence between the policy at an
/// observation and the policy at the worst observation within epsilon of it, which is approximated with projected
/// gradient steps.
/// </summary>
public sealed record SmoothPolicy : PolicyDefense
{
    internal const float DefaultStrength = 0.3f;

    /// <inheritdoc/>
    public override string Name => "smooth";

    /// <summary>
    /// Weight of the divergence (kappa), above 0. Like epsilon, it is ramped up linearly from 0 over the first half of
    /// the training.
    /// </summary>
    public float Strength { get; init; } = DefaultStrength;

    /// <summary>Gradient steps toward the worst observation, 1 or more.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>
    /// Computes <c>kappa KL(pi(o) || pi(o + delta))</c>, averaged over the batch. The gradient flows only through the
    /// perturbed observation.
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
            throw new ArgumentOutOfRangeException(nameof(Strength), string.Create(
                CultureInfo.InvariantCulture, $"defense smooth: an option is out of range (got strength {Strength}, "
                + $"{Steps} steps; expected a strength above 0 and 1 or more steps)"));
        }
    }

    internal override string Describe() =>
        string.Create(CultureInfo.InvariantCulture, $"{base.Describe()} strength {Strength:R} steps {Steps}");
}
