using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Regularizer based on interval bound propagation (arXiv:1810.12715), used as the state-adversarial regularizer of
/// arXiv:2003.08938. Bounds on each logit over the whole perturbation ball give the worst-case logits; the penalty is
/// their cross-entropy to the action the policy prefers. A small penalty means that no perturbation within epsilon
/// changes the action.
/// </summary>
public sealed record IntervalBounds : PolicyDefense
{
    internal const float DefaultStrength = 0.1f;

    /// <inheritdoc/>
    public override string Name => "interval";

    /// <summary>
    /// Weight of the penalty, above 0. Like epsilon, it is ramped up linearly from 0 over the first half of the
    /// training.
    /// </summary>
    public float Strength { get; init; } = DefaultStrength;

    internal override Tensor? Penalty(in DefendedTraining training, Tensor observations, Tensor logits)
    {
        float ramp = training.Ramp;
        if (ramp <= 0)
        {
            return null;
        }

        (Tensor low, Tensor high) = IntervalPropagation.Policy(training, observations, Epsilon * ramp);
        (int batch, int actions) = (logits.Shape[0], logits.Shape[1]);
        long[] preferred = new long[batch];
        float[] isPreferred = new float[batch * actions];
        ReadOnlySpan<float> rows = logits.AsSpan<float>();
        for (int i = 0; i < batch; i++)
        {
            preferred[i] = TensorPrimitives.IndexOfMax(rows.Slice(i * actions, actions));
            isPreferred[(i * actions) + (int)preferred[i]] = 1;
        }

        // Worst case: the lower bound of the preferred action and the upper bounds of all others.
        Tensor mask = Tensor.From(isPreferred, logits.Shape);
        Tensor worst = high + (mask * (low - high));
        return worst.CrossEntropy(Tensor.From(preferred, [batch])) * (Strength * ramp);
    }

    internal override void Validate()
    {
        base.Validate();
        if (!(Strength > 0 && float.IsFinite(Strength)))
        {
            throw new ArgumentOutOfRangeException(nameof(Strength), "defense interval: Strength is out of range "
                + $"(got {Strength.ToString(CultureInfo.InvariantCulture)}, expected above zero)");
        }
    }

    internal override string Describe() =>
        string.Create(CultureInfo.InvariantCulture, $"{base.Describe()} strength {Strength:R}");
}
