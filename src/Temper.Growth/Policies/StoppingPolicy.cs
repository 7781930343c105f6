using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Optimization;

namespace Temper.Growth.Policies;

/// <summary>Decides whether growth still brings a gain. A stage that grows without one never grows again.</summary>
/// <remarks>
/// A policy has no state besides its options: its answers depend on its arguments only, so that a resumed run gives
/// bit-identical results.
/// </remarks>
public abstract record StoppingPolicy : IFingerprinted
{
    /// <summary>
    /// Number of epochs in which there must be a gain (J); 1 or more. Growth cannot end before that many epochs.
    /// </summary>
    public int Window { get; init; } = 12;

    /// <summary>
    /// Whether gains are determined by comparing predictions on the held-out samples, at the end of each interval.
    /// False (default): by their accuracy, after each epoch.
    /// </summary>
    public virtual bool ComparesAnswers => false;

    /// <summary>
    /// Returns whether the last J epochs brought a gain; true if there were fewer epochs. Called at the end of each
    /// interval, after <see cref="IsGain"/>. If false, the stage that grew last never grows again.
    /// </summary>
    /// <param name="track">History of one or more epochs.</param>
    public abstract bool HasGained(GrowthTrack track);

    /// <summary>
    /// Returns whether the newest epoch is a gain over the epoch of the last gain, <see cref="GrowthTrack.GainEpoch"/>.
    /// The network of such an epoch is kept for roll-back.
    /// </summary>
    /// <param name="track">History of one or more epochs.</param>
    /// <param name="answers">
    /// Numbers of held-out samples that the network now and the network at the last gain classify differently; null if
    /// <see cref="ComparesAnswers"/> is false or there was no gain yet.
    /// </param>
    public abstract bool IsGain(GrowthTrack track, PairedCounts? answers);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    internal virtual void Validate() => ArgumentOutOfRangeException.ThrowIfLessThan(Window, 1);
}

/// <summary>
/// The paper's rule: the best accuracy so far has risen by <see cref="MinimumGain"/> over the last J epochs.
/// </summary>
public sealed record AccuracyGain : StoppingPolicy
{
    /// <summary>
    /// Allowance for rounding: from 8,900 to 8,905 correct samples of 10,000, accuracy rises by 0.0004999999999999449.
    /// </summary>
    private const double Rounding = 1e-12;

    /// <summary>
    /// Smallest rise that counts as a gain (tau in the paper), above 0, at most 1. The default, 0.05 percentage points,
    /// is used in all runs of the paper.
    /// </summary>
    public double MinimumGain { get; init; } = 0.0005;

    /// <inheritdoc/>
    public override bool HasGained(GrowthTrack track) =>
        IsRise(track.Now >= Window ? track.Best[track.Now - Window] : 0, track.Best[^1]);

    /// <inheritdoc/>
    public override bool IsGain(GrowthTrack track, PairedCounts? answers) =>
        track.GainEpoch < 0 || IsRise(track.Best[track.GainEpoch], track.Best[^1]);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["rule"] = "accuracy", ["window"] = Window, ["gain"] = MinimumGain };

    internal override void Validate()
    {
        base.Validate();
        if (!(MinimumGain is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(MinimumGain), string.Create(
                CultureInfo.InvariantCulture,
                $"AccuracyGain: MinimumGain is out of range (got {MinimumGain}, expected above 0, at most 1)"));
        }
    }

    private bool IsRise(double from, double to) => to - from >= MinimumGain - Rounding;
}

/// <summary>
/// Requires a statistically significant gain over the network at the last gain: an exact one-sided McNemar test on the
/// held-out samples that the two networks classify differently. The paper's tau of 0.05 percentage points is 5 of
/// 10,000 samples, which is less than the noise of the measurement.
/// </summary>
public sealed record PairedGain : StoppingPolicy
{
    /// <summary>Significance level of the test, above 0 and below 1.</summary>
    public double Significance { get; init; } = 0.05;

    /// <inheritdoc/>
    public override bool ComparesAnswers => true;

    /// <inheritdoc/>
    public override bool HasGained(GrowthTrack track) => track.Now < Window || track.Now - track.GainEpoch < Window;

    /// <inheritdoc/>
    public override bool IsGain(GrowthTrack track, PairedCounts? answers) =>
        track.GainEpoch < 0 || answers is not { } counts || counts.BetterByChance < Significance;

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["rule"] = "paired", ["window"] = Window, ["significance"] = Significance };

    internal override void Validate()
    {
        base.Validate();
        if (!(Significance > 0 && Significance < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Significance), string.Create(
                CultureInfo.InvariantCulture,
                $"PairedGain: Significance is out of range (got {Significance}, expected above 0 and below 1)"));
        }
    }
}
