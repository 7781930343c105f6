using System.Globalization;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Rounds widths of a pruned network up to multiples that fit the vector kernels, where that measures faster on this
/// processor.
/// </summary>
internal sealed class WidthRounding(ICompressionRun run, CompressionHistory history, CancellationToken cancel)
{
    /// <summary>Largest part of the removed operations that rounding widths up may bring back.</summary>
    private const double MaxGivenBack = 0.25;

    /// <summary>The pruned network, or the same part of it pruned to rounded widths.</summary>
    /// <param name="thinning">Has the multiples.</param>
    /// <param name="prepared">Before pruning.</param>
    /// <param name="amount">How it was pruned.</param>
    /// <param name="pruned">After pruning, with any widths.</param>
    /// <param name="name">The trial.</param>
    internal Network Apply(
        Thinning thinning, Network prepared, PruningAmount amount, Network pruned, string name)
    {
        Candidate[] candidates = Candidates(thinning, prepared, amount, pruned);
        if (candidates.Length == 0)
        {
            return pruned;
        }

        string chosen = run.Choose(name, "rounding", () => Fastest(pruned, candidates));
        int index = int.Parse(chosen.Split(':')[0], CultureInfo.InvariantCulture);
        if (index == 0)
        {
            return pruned;
        }

        (int multiple, Network rounded) = candidates[index - 1];
        history.Remark(string.Create(CultureInfo.InvariantCulture,
            $"{name}: widths rounded up to multiples of {multiple}, since that is faster here "
            + $"({chosen.Split(':')[1].Trim()}); it costs "
            + $"{((double)rounded.Cost().Macs / pruned.Cost().Macs - 1) * 100:F1} % more operations."));
        return thinning.Prune(prepared, amount with { Multiple = multiple });
    }

    private static Candidate[] Candidates(
        Thinning thinning, Network prepared, PruningAmount amount, Network pruned)
    {
        // Multiples of a layer's own width would bring all of its channels back: pruning has to keep most of its gain.
        double limit = pruned.Cost().Macs + (MaxGivenBack * (prepared.Cost().Macs - pruned.Cost().Macs));

        // Time does not depend on what the weights are: what loses the comparison need not be fitted.
        return
        [
            .. thinning.Multiples
                .Select(multiple => new Candidate(
                    multiple, thinning.Prune(prepared, amount with { Multiple = multiple, Samples = null })))
                .Where(other => other.Network.Cost().Macs > pruned.Cost().Macs && other.Network.Cost().Macs <= limit)
                .DistinctBy(other => other.Network.Cost().Macs),
        ];
    }

    /// <summary>Number of the fastest candidate, counted from 1, and its times as text; "0": none is faster.</summary>
    private string Fastest(Network pruned, Candidate[] candidates)
    {
        IReadOnlyList<double> times = NetworkTiming.Milliseconds(
            [pruned, .. candidates.Select(candidate => candidate.Network)], 1, cancel: cancel);
        int best = Enumerable.Range(1, candidates.Length).MinBy(i => times[i]);
        return times[best] * CompressionHistory.Slower < times[0]
            ? string.Create(CultureInfo.InvariantCulture, $"{best}: {times[0]:F4} ms to {times[best]:F4} ms")
            : "0";
    }

    private readonly record struct Candidate(int Multiple, Network Network);
}
