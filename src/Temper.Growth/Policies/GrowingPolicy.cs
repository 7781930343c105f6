using System.Text.Json.Nodes;
using Temper.Optimization;
using Temper.Randomness;

namespace Temper.Growth.Policies;

/// <summary>Chooses which stage grows next.</summary>
public abstract record GrowingPolicy : IFingerprinted
{
    /// <summary>Chooses among the stages that are alive.</summary>
    /// <param name="track">The growths so far; at least one stage is alive.</param>
    /// <param name="stream">Random numbers of this growth.</param>
    /// <returns>Index of a live stage.</returns>
    public abstract int Next(GrowthTrack track, RandomStream stream);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();
}

/// <summary>The paper's order: one live stage after the other, from the input on.</summary>
public sealed record RoundRobin : GrowingPolicy
{
    /// <inheritdoc/>
    public override int Next(GrowthTrack track, RandomStream stream)
    {
        int after = track.Live.FindIndex(stage => stage > track.Grown);
        return track.Live[Math.Max(after, 0)];
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => "round-robin";
}

/// <summary>
/// The stage whose last growth gained the most accuracy for the MACs of its block; stages that have not grown yet come
/// first, in order. Where no growth gained anything the cheapest block is taken.
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

/// <summary>Any live stage: a baseline.</summary>
public sealed record RandomStage : GrowingPolicy
{
    /// <inheritdoc/>
    public override int Next(GrowthTrack track, RandomStream stream) =>
        track.Live[stream.Permutation(track.Live.Count)[0]];

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => "random";
}
