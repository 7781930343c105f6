using System.Text.Json.Nodes;
using Temper.Optimization;

namespace Temper.Growth.Policies;

/// <summary>Whether growing still pays. A stage whose growth comes at a time without gain stops for ever.</summary>
public abstract record StoppingPolicy : IFingerprinted
{
    /// <summary>
    /// J: epochs in which there must be a gain; one or more. Growing can only end when so many have gone by.
    /// </summary>
    public int Window { get; init; } = 12;

    /// <summary>
    /// Whether gains are found by comparing answers to the held-out samples one by one, at the end of an interval.
    /// </summary>
    internal virtual bool ComparesAnswers => false;

    /// <summary>Whether the last J epochs brought a gain; true as long as there were fewer.</summary>
    /// <param name="track">The epochs so far, one or more.</param>
    public abstract bool HasGained(GrowthTrack track);

    /// <summary>Whether the newest epoch is a real gain over the last one that was: a state to return to.</summary>
    internal abstract bool IsGain(GrowthTrack track, PairedCounts? answers);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    internal virtual void Validate() => ArgumentOutOfRangeException.ThrowIfLessThan(Window, 1);
}

/// <summary>
/// The paper's rule: the best accuracy so far has risen by <see cref="MinimumGain"/> over the last J epochs.
/// </summary>
public sealed record AccuracyGain : StoppingPolicy
{
    /// <summary>tau, 0 to 1; 0.05 percentage points in all the paper's runs.</summary>
    public double MinimumGain { get; init; } = 0.0005;

    /// <inheritdoc/>
    public override bool HasGained(GrowthTrack track) =>
        track.Best[^1] - (track.Now >= Window ? track.Best[track.Now - Window] : 0) >= MinimumGain;

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["rule"] = "accuracy", ["window"] = Window, ["gain"] = MinimumGain };

    internal override void Validate()
    {
        base.Validate();
        if (!(MinimumGain is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MinimumGain),
                $"AccuracyGain: the gain is out of range (got {MinimumGain}, expected above 0, at most 1)");
        }
    }

    internal override bool IsGain(GrowthTrack track, PairedCounts? answers) =>
        track.GainEpoch < 0 || track.Best[^1] - track.Best[track.GainEpoch] >= MinimumGain;
}

/// <summary>
/// The network has become better than at its last gain beyond chance: an exact, one-sided McNemar test on the held-out
/// samples that the two answer differently. 0.05 points, the paper's tau, are 5 of 10,000 samples, less than the noise
/// of the measurement.
/// </summary>
public sealed record PairedGain : StoppingPolicy
{
    /// <summary>Level of the test, above 0 and below 1.</summary>
    public double Significance { get; init; } = 0.05;

    internal override bool ComparesAnswers => true;

    /// <inheritdoc/>
    public override bool HasGained(GrowthTrack track) => track.Now < Window || track.Now - track.GainEpoch < Window;

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["rule"] = "paired", ["window"] = Window, ["significance"] = Significance };

    internal override bool IsGain(GrowthTrack track, PairedCounts? answers) =>
        track.GainEpoch < 0 || answers is not { } counts || counts.BetterByChance < Significance;

    internal override void Validate()
    {
        base.Validate();
        if (!(Significance > 0 && Significance < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Significance),
                $"PairedGain: the level is out of range (got {Significance}, expected above 0 and below 1)");
        }
    }
}
