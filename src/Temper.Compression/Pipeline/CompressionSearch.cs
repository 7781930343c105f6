using Temper.Compression.Calibration;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Searches for the smallest network within the bound on accuracy: for each structure, one training with the
/// regularizer, then trials by bisection.
/// </summary>
internal sealed class CompressionSearch
{
    /// <summary>Largest factor from one kept fraction to the next while no trial has met the bound.</summary>
    private const double MaxGrowth = 4;

    /// <summary>Fraction of the kept weights up to which the removal of channels is not explained.</summary>
    private const double Nearly = 0.95;

    private readonly Network _network;
    private readonly CompressionOptions _options;
    private readonly CancellationToken _cancel;
    private readonly CompressionTrainer _trainer;
    private readonly CandidatePruner _pruner;

    internal CompressionSearch(
        Network network, Dataset validation, CompressionOptions options, IMethodRun run, CompressionBudget? budget,
        CancellationToken cancel)
    {
        (_network, _options, _cancel) = (network, options, cancel);
        Evaluator = new CandidateEvaluator(network, validation, options, run, cancel);
        Budget = budget ?? new CompressionBudget(network, options with { MaxTime = null }, run, TimeProvider.System);
        History = new CompressionHistory(network, Evaluator, options, run);
        _trainer = new CompressionTrainer(network, options, run, Budget, Evaluator, cancel);
        var rounding = new WidthRounding(run, History, cancel);
        _pruner = new CandidatePruner(options, run, Budget, _trainer, rounding);
        run.Note(Evaluator.Line("original", Evaluator.Baseline));
    }

    internal CompressionBudget Budget { get; }

    internal CandidateEvaluator Evaluator { get; }

    internal CompressionHistory History { get; }

    /// <summary>
    /// Tries one structure: regularizes once, then prunes, fine-tunes, shrinks and measures for several kept fractions.
    /// </summary>
    internal void Try(Thinning thinning)
    {
        string structure = thinning.Name;
        Network prepared = _trainer.Regularize(thinning);
        Budget.EndStage($"regularize-{structure}");
        (double fails, double holds, double kept) = (0, 1, _options.FirstKept ?? thinning.FirstKept);
        for (int trial = 1; trial <= Budget.Trials && Budget.HasTimeFor(structure, trial); trial++)
        {
            string name = $"{structure}-{trial}";
            CompressionTrial tried = Try(thinning, prepared, kept, name);
            Budget.EndStage(name);
            (fails, holds) = tried.IsWithinBound ? (fails, kept) : (kept, holds);
            kept = Next(fails, holds);
        }
    }

    private CompressionTrial Try(Thinning thinning, Network prepared, double kept, string name)
    {
        _cancel.ThrowIfCancellationRequested();
        (Network pruned, int epochs) = _pruner.Prune(thinning, prepared, kept, name);
        (Network tuned, double accuracy) = _trainer.FineTune(name, pruned, epochs);
        Network small = Shrunk(name, tuned);
        NetworkFigures figures = Evaluator.Figures(name, small, accuracy);
        return Add(name, new CompressionTrial(thinning.Structure, kept, small, figures, IsWithinBound(accuracy)));
    }

    private Network Shrunk(string name, Network pruned)
    {
        Network small = pruned.Shrink().Network;
        if (Removed(SparsityReport.Of(pruned).Nonzero, SparsityReport.Of(small).Nonzero) is { } removed)
        {
            History.Note($"{name}: {removed}");
        }

        return small;
    }

    /// <summary>
    /// Explains why a network has clearly fewer weights than pruning kept: the fraction of the trial is that which
    /// pruning kept. Null if it has about as many.
    /// </summary>
    /// <param name="kept">Number of weights that pruning kept.</param>
    /// <param name="left">Number of weights after channels without effect are removed.</param>
    internal static string? Removed(long kept, long left) => left >= Nearly * kept
        ? null
        : $"pruning kept {kept:N0} weights; {kept - left:N0} of them belong to channels that nothing reads any more or "
            + "that are constant, and are removed with these";

    /// <summary>
    /// Returns the next fraction to keep: half of the last one while no trial has failed; then bisection on a
    /// logarithmic scale. While no trial has met the bound the fraction grows at most by <see cref="MaxGrowth"/>, so
    /// that a first guess that is far too small costs little.
    /// </summary>
    /// <param name="fails">Largest fraction that missed the bound; 0: none did.</param>
    /// <param name="holds">Smallest fraction that met the bound; 1: none did.</param>
    private static double Next(double fails, double holds) =>
        fails == 0 ? holds / 2 : Math.Min(Math.Sqrt(fails * holds), holds == 1 ? MaxGrowth * fails : 1);

    /// <summary>
    /// Tries several sparsities without training: layers are refitted on unlabeled samples.
    /// </summary>
    /// <param name="samples">Samples used to refit the layers.</param>
    /// <param name="remark">Explains in the report what the accuracies of the trials are.</param>
    internal void TryCalibrated(Tensor samples, string remark)
    {
        History.Remark(remark);
        if (_options.Structure == CompressionStructure.None)
        {
            return;
        }

        (double holds, double fails) = (0, 1);
        double sparsity = 1 - (_options.FirstKept ?? 0.4);
        for (int trial = 1; trial <= _options.Trials; trial++)
        {
            string name = $"calibrated-{trial}";
            Network pruned = Shrunk(name, _network.PruneCalibrated(samples, sparsity, Ignores, _cancel));
            double accuracy = Evaluator.Accuracy(pruned);
            NetworkFigures figures = Evaluator.Figures(name, pruned, accuracy);
            CompressionTrial tried = Add(name, new CompressionTrial(
                CompressionStructure.Element, 1 - sparsity, pruned, figures, IsWithinBound(accuracy)));
            (holds, fails) = tried.IsWithinBound ? (sparsity, fails) : (holds, sparsity);
            sparsity = (holds + fails) / 2;
        }
    }

    /// <summary>Fine-tunes a network with sparse activations and adds it to the trials.</summary>
    internal CompressionTrial FineTuneActivations(string name, Network network)
    {
        (Network tuned, double accuracy) = _trainer.FineTune(name, network, Budget.TuneEpochs);
        return AddActivations(name, tuned, accuracy);
    }

    /// <summary>Adds a network with sparse activations to the trials without training it.</summary>
    internal CompressionTrial MeasureActivations(string name, Network network) =>
        AddActivations(name, network, Evaluator.Accuracy(network));

    private CompressionTrial AddActivations(string name, Network network, double accuracy)
    {
        NetworkFigures figures = Evaluator.Figures(name, network, accuracy);
        double kept = figures.ActiveMacs / Evaluator.Baseline.ActiveMacs ?? 1;
        return Add(name, new CompressionTrial(_options.Structure, kept, network, figures, IsWithinBound(accuracy))
        {
            Activations = _options.Activations, Label = name,
        });
    }

    private CompressionTrial Add(string name, CompressionTrial trial)
    {
        History.Add(trial, name);
        return trial;
    }

    private bool IsWithinBound(double accuracy) => _options.IsWithinBound(accuracy, Evaluator.Baseline.Accuracy);

    private bool Ignores(string node) => LayerPattern.MatchesAny(_options.Ignore, node);
}
