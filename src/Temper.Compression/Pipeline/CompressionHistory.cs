using System.Globalization;
using Temper.Networks;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>Collects the trials of a search and the remarks for its report, and selects the best trial.</summary>
internal sealed class CompressionHistory(
    Network network, CandidateEvaluator evaluator, CompressionOptions options, IMethodRun run)
{
    /// <summary>Ratio of times above which a network counts as slower; smaller differences are noise.</summary>
    internal const double Slower = 1.02;

    /// <summary>
    /// Largest fraction of the original network's figure of the goal with which a network is better than the original
    /// one: for less, no accuracy is given up.
    /// </summary>
    private const double Improved = 0.99;

    /// <summary>Advice of a remark, to which a tool can add the name of its option.</summary>
    internal const string AllowSlower = "allow slower networks";

    private readonly List<CompressionTrial> _trials = [];
    private readonly List<string> _remarks = [];

    private CompressionTrial[] WithinBound => [.. _trials.Where(trial => trial.IsWithinBound)];

    internal void Add(CompressionTrial trial, string name)
    {
        _trials.Add(trial);
        run.Note(evaluator.Line(string.Create(CultureInfo.InvariantCulture, $"{name}, {trial.Kept * 100:F1} % "
            + $"kept{(trial.IsWithinBound ? "" : ", below the bound")}"), trial.Figures));
    }

    internal void Remark(string remark) => _remarks.Add(remark);

    internal void Note(string line) => run.Note(line);

    /// <summary>
    /// Returns the network with which the activation stage starts: the best one that has lost at most half of the
    /// accepted accuracy drop, else the best one within the bound, else the original.
    /// </summary>
    internal Network StartOfActivations()
    {
        CompressionOptions easy = options with { MaxAccuracyDrop = options.MaxAccuracyDrop / 2 };
        CompressionTrial[] holding = WithinBound;
        return (Best(holding.Where(
            trial => easy.IsWithinBound(trial.Figures.Accuracy, evaluator.Baseline.Accuracy)))
            ?? Best(holding))?.Network ?? network;
    }

    /// <summary>Returns the best network of the activation stage within the bound; null if there is none.</summary>
    internal CompressionTrial? BestOfActivations() =>
        Best(WithinBound.Where(trial => trial.Activations is not CompressionActivations.None));

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
                ? "There was no time for a trial, so the original network is kept; allow more time."
                : "No trial stayed within the bound; the most accurate one is kept.");
            return Choose(nearest, isWithinBound: false);
        }

        CompressionTrial[] fast = [.. holding.Where(IsFastEnough)];
        CompressionTrial? best =
            Best(fast.Where(trial => trial.Figures[options.Goal] <= Improved * evaluator.Baseline[options.Goal]));
        if (best is null && fast.Length > 0)
        {
            _remarks.Add("No network within the bound improves the objective by 1 % or more, so the original network "
                + "is kept.");
        }
        else if (best is null)
        {
            _remarks.Add("Every network within the bound is slower on this processor than the original network, "
                + "which is kept"
                + (options.Goal is CompressionGoal.Milliseconds
                    ? "."
                    : $"; to get the best one for another machine, {AllowSlower}."));
        }

        return Choose(best, isWithinBound: true);
    }

    private CompressionResult Choose(CompressionTrial? trial, bool isWithinBound) =>
        new(trial?.Network ?? network, evaluator.Baseline, trial, _trials, isWithinBound, _remarks)
        {
            IsAgreement = evaluator.IsAgreement,
        };

    /// <summary>
    /// Returns the trial with the smallest figure of the goal; of several with the same figure, the most accurate one.
    /// Null if there are no trials.
    /// </summary>
    private CompressionTrial? Best(IEnumerable<CompressionTrial> trials) =>
        trials.MinBy(trial => (trial.Figures[options.Goal], -trial.Figures.Accuracy));

    /// <summary>
    /// JPnet minimizes MACs, and single zeros among activations make no kernel faster. So its trials may be slower if
    /// MACs are the goal.
    /// </summary>
    private bool IsFastEnough(CompressionTrial trial) =>
        options.AllowsSlower
        || trial.Figures.Milliseconds <= Slower * evaluator.Baseline.Milliseconds
        || (options.Goal == CompressionGoal.Macs && trial.Activations == CompressionActivations.Joint);
}
