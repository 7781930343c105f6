using System.Globalization;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Training with noise: uniform noise is added to some batches of observations, with an amplitude drawn for each batch.
/// The first author of the snooping paper trained agents this way, with probability 0.5 and amplitudes up to 0.05.
/// </summary>
public sealed record NoiseAugmentation : PolicyDefense
{
    /// <inheritdoc/>
    public override string Name => "noise";

    /// <summary>Probability that noise is added to a batch, above 0 up to 1.</summary>
    public float Probability { get; init; } = 0.5f;

    internal override void Disturb(in DefendedTraining training, Span<float> seen, int count)
    {
        Span<float> draws = stackalloc float[2];
        training.Random.Split("amplitude").FillUniform(draws, 0, 1);
        if (draws[0] >= Probability)
        {
            return;
        }

        float amplitude = draws[1] * Epsilon;
        float[] noise = new float[seen.Length];
        training.Random.Split("noise").FillUniform(noise, -amplitude, amplitude);
        for (int i = 0; i < seen.Length; i++)
        {
            seen[i] = Math.Clamp(seen[i] + noise[i], training.Minimum, training.Maximum);
        }
    }

    internal override void Validate()
    {
        base.Validate();
        if (Probability is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Probability), "defense noise: Probability is out of range (got "
                    + $"{Probability.ToString(CultureInfo.InvariantCulture)}, expected above 0 up to 1)");
        }
    }

    internal override string Describe() =>
        $"{base.Describe()} probability {Probability.ToString("R", CultureInfo.InvariantCulture)}";
}
