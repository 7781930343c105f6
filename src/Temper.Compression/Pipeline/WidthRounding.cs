using System.Globalization;
using Temper.Inference;
using Temper.Networks;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Rounds widths of a pruned network up to multiples that fit the vector kernels, where that measures faster on this
/// processor.
/// </summary>
internal sealed class WidthRounding(IMethodRun run, CompressionHistory history, CancellationToken cancel)
{
    /// <summary>Largest fraction of the removed MACs that rounding widths up may add back.</summary>
    private const double MaxGivenBack = 0.25;

    /// <summary>
    /// Ratio of times above which rounding is worth its MACs; more than what still counts as equally fast (<see
    /// cref="CompressionHistory.Slower"/>).
    /// </summary>
    private const double Faster = 1.05;

    /// <summary>Returns the pruned network, or the network pruned again to rounded widths if that is faster.</summary>
    /// <param name="thinning">Structure that was removed, with the multiples to try.</param>
    /// <param name="prepared">Network before pruning.</param>
    /// <param name="amount">How it was pruned.</param>
    /// <param name="pruned">Network after pruning, with arbitrary widths.</param>
    /// <param name="name">Name of the trial.</param>
    internal Network Apply(Thinning thinning, Network prepared, PruningAmount amount, Network pruned, string name)
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
            + $"{((double)rounded.Cost().Macs / pruned.Cost().Macs - 1) * 100:F1} % more MACs."));
        return thinning.Prune(prepared, amount with { Multiple = multiple });
    }

    private static Candidate[] Candidates(Thinning thinning, Network prepared, PruningAmount amount, Network pruned)
    {
        // A multiple of a layer's full width would bring all of its channels back: most of the gain has to stay.
        double limit = pruned.Cost().Macs + (MaxGivenBack * (prepared.Cost().Macs - pruned.Cost().Macs));

        // Time does not depend on the values of weights, so candidates are compared without refitting.
        return
        [
            .. thinning.Multiples
                .Select(multiple => new Candidate(
                    multiple, thinning.Prune(prepared, amount with { Multiple = multiple, Samples = null })))
                .Where(other => other.Network.Cost().Macs > pruned.Cost().Macs && other.Network.Cost().Macs <= limit)
                .DistinctBy(other => other.Network.Cost().Macs),
        ];
    }

    /// <summary>
    /// Returns the number of the fastest candidate, counted from 1, with its times; "0" if none is clearly faster.
    /// </summary>
    private string Fastest(Network pruned, Candidate[] candidates) => Fastest(NetworkTiming.Milliseconds(
        [pruned, .. candidates.Select(candidate => candidate.Network)], 1, cancel: cancel));

    /// <inheritdoc cref="Fastest(Network, Candidate[])"/>
    /// <param name="times">Milliseconds of the pruned network and of the candidates.</param>
    internal static string Fastest(IReadOnlyList<double> times)
    {
        int best = Enumerable.Range(1, times.Count - 1).MinBy(i => times[i]);
        return times[best] * Faster < times[0]
            ? string.Create(CultureInfo.InvariantCulture, $"{best}: {times[0]:G4} ms to {times[best]:G4} ms")
            : "0";
    }

    private readonly record struct Candidate(int Multiple, Network Network);
}
