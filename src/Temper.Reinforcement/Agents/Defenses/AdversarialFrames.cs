using System.Globalization;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Adversarial training (as in arXiv:1712.09344): the agent collects its experience under attack. A fraction of the
/// observations is perturbed with one gradient sign step that changes the agent's own policy most. The agent acts on
/// the perturbed observations and learns from them.
/// </summary>
public sealed record AdversarialFrames : PolicyDefense
{
    /// <inheritdoc/>
    public override string Name => "adversarial";

    /// <summary>Fraction of the observations that is attacked, above 0 up to 1.</summary>
    public float Share { get; init; } = 0.5f;

    internal override void Disturb(in DefendedTraining training, Span<float> seen, int count)
    {
        using var scope = new TensorScope();
        Tensor clean = Tensor.Allocate(training.Network.Inputs[0].BatchShape(count));
        seen.CopyTo(clean.Writable());
        ReadOnlySpan<float> moved =
            WorstObservation.Find(training, clean, Epsilon * training.Ramp, steps: 1).AsSpan<float>();
        float[] draws = new float[count];
        training.Random.Split("share").FillUniform(draws, 0, 1);
        int length = seen.Length / count;
        for (int i = 0; i < count; i++)
        {
            if (draws[i] < Share)
            {
                moved.Slice(i * length, length).CopyTo(seen[(i * length)..]);
            }
        }
    }

    internal override void Validate()
    {
        base.Validate();
        if (Share is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Share), "defense adversarial: Share is out of range (got "
                + $"{Share.ToString(CultureInfo.InvariantCulture)}, expected above 0 up to 1)");
        }
    }

    internal override string Describe() =>
        $"{base.Describe()} share {Share.ToString("R", CultureInfo.InvariantCulture)}";
}
