using System.Text.Json.Nodes;
using Temper.Optimization;
using Temper.Randomness;

namespace Temper.Growth.Policies;

/// <summary>Chooses which stage grows next.</summary>
/// <remarks>
/// A policy has no state besides its options: its choice depends on its arguments only, so that a resumed run gives
/// bit-identical results.
/// </remarks>
public abstract record GrowingPolicy : IFingerprinted
{
    /// <summary>Chooses one of the stages that can still grow.</summary>
    /// <param name="track">Record of the growths so far; at least one stage can still grow.</param>
    /// <param name="stream">Random stream of this growth.</param>
    /// <returns>
    /// Index of the stage, one of <see cref="GrowthTrack.Live"/>. Any other index ends the growth with an
    /// <see cref="InvalidOperationException"/>.
    /// </returns>
    public abstract int Next(GrowthTrack track, RandomStream stream);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();
}

/// <summary>The paper's order: cycles through the stages that can still grow, from the input.</summary>
public sealed record RoundRobin : GrowingPolicy
{
    /// <inheritdoc/>
    public override int Next(GrowthTrack track, RandomStream stream) =>
        track.Live.FirstOrDefault(stage => stage > track.Grown, track.Live[0]);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => "round-robin";
}

/// <summary>
/// Chooses the stage whose last growth gained the most accuracy per MAC of its block. Stages that have not grown yet
/// come first, in order. If no growth gained accuracy, the stage with the cheapest block is chosen.
/// </summary>
public sealed record BenefitPerMac : GrowingPolicy
{
    /// <inheritdoc/>
    public override int Next(GrowthTrack track, RandomStream stream) => track.Live
        .OrderByDescending(stage => double.IsNaN(track.Gains[stage])
            ? double.PositiveInfinity
            : track.Gains[stage] / Math.Max(track.BlockMacs[stage], 1))
        .ThenBy(stage => double.IsNaN(track.Gains[stage]) ? stage : track.BlockMacs[stage])
        .ThenBy(stage => stage)
        .First();

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => "benefit";
}

/// <summary>Chooses randomly among the stages that can still grow; a baseline.</summary>
public sealed record RandomStage : GrowingPolicy
{
    /// <inheritdoc/>
    public override int Next(GrowthTrack track, RandomStream stream) =>
        track.Live[stream.Permutation(track.Live.Count)[0]];

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => "random";
}
