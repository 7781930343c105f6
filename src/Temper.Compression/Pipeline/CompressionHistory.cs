using System.Globalization;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>The trials of a search, the remarks for its report, and which of the trials is the best.</summary>
internal sealed class CompressionHistory(
    Network network, NetworkFigures baseline, CompressionOptions options, ICompressionRun run)
{
    /// <summary>Ratio of times above which a network counts as slower; below lies noise.</summary>
    internal const double Slower = 1.02;

    private readonly List<CompressionTrial> _trials = [];
    private readonly List<string> _remarks = [];

    private CompressionTrial[] WithinBound => [.. _trials.Where(trial => trial.IsWithinBound)];

    internal void Add(CompressionTrial trial, string name)
    {
        _trials.Add(trial);
        run.Note(Line(string.Create(CultureInfo.InvariantCulture, $"{name}, {trial.Kept * 100:F1} % "
            + $"kept{(trial.IsWithinBound ? "" : ", below the bound")}"), trial.Figures));
    }

    internal void Remark(string remark) => _remarks.Add(remark);

    internal void Note(string line) => run.Note(line);

    /// <summary>
    /// Where thinning activations begins: the best network that has half of the accuracy that may be lost left, else
    /// the best within the bound, else the one that came in.
    /// </summary>
    internal Network StartOfActivations()
    {
        double easy = baseline.Accuracy - (options.MaxAccuracyDrop / 200);
        CompressionTrial[] holding = WithinBound;
        return (holding.Where(trial => trial.Figures.Accuracy >= easy).MinBy(Goal) ?? holding.MinBy(Goal))?.Network
            ?? network;
    }

    /// <summary>The best network of the activations' stage within the bound; null: none is.</summary>
    internal CompressionTrial? BestOfActivations() =>
        WithinBound.Where(trial => trial.Activations is not CompressionActivations.None).MinBy(Goal);

    internal CompressionResult Result()
    {
        CompressionTrial[] holding = WithinBound;
        if (options.Structure == CompressionStructure.None && _trials.Count == 0)
        {
            return Choose(null, isWithinBound: true);
        }

        if (holding.Length == 0)
        {
            CompressionTrial? nearest = _trials.MaxBy(trial => trial.Figures.Accuracy);
            _remarks.Add(nearest is null
                ? "There was no time for a trial, so the network that came in is kept; allow more time."
                : "No trial stayed within the bound; the most accurate one is kept.");
            return Choose(nearest, isWithinBound: false);
        }

        CompressionTrial? best = holding.Where(IsFastEnough).MinBy(Goal);
        if (best is null)
        {
            _remarks.Add("Every network within the bound is slower on this processor than the one that came in, so "
                + "that one is kept.");
        }

        return Choose(best, isWithinBound: true);
    }

    /// <summary>One line with the figures of a network.</summary>
    internal static string Line(string what, NetworkFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{what}: {figures.Accuracy * 100:F2} % of the held-out samples, {figures.Weights:N0} weights, "
        + $"{figures.Macs / 1e6:F2} M operations{Active(figures)}, {figures.Milliseconds:F3} ms");

    private static string Active(NetworkFigures figures) =>
        figures.ActiveMacs is { } active
            ? string.Create(CultureInfo.InvariantCulture, $" ({active / 1e6:F3} M with both factors not zero)")
            : "";

    private CompressionResult Choose(CompressionTrial? trial, bool isWithinBound) =>
        new(trial?.Network ?? network, baseline, trial, _trials, isWithinBound, _remarks);

    private double Goal(CompressionTrial trial) => trial.Figures[options.Goal];

    /// <summary>
    /// JPnet counts multiplications; single zeros among activations make nothing faster, so time is no condition where
    /// operations are the goal.
    /// </summary>
    private bool IsFastEnough(CompressionTrial trial) => trial.Figures.Milliseconds <= Slower * baseline.Milliseconds
        || (options.Goal == CompressionGoal.Macs && trial.Activations == CompressionActivations.Joint);
}
