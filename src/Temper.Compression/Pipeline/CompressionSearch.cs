using System.IO.Enumeration;
using Temper.Compression.Calibration;
using Temper.Compression.Shrinking;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pipeline;

/// <summary>
/// The search for the smallest network within the bound: for each structure one training with the regularizer, then
/// trials by bisection.
/// </summary>
internal sealed class CompressionSearch
{
    /// <summary>How much more is kept at most after a trial that failed, while none has held.</summary>
    private const double MostGrowth = 4;

    private readonly Network _network;
    private readonly CompressionOptions _options;
    private readonly CancellationToken _cancel;
    private readonly CompressionTrainer _trainer;
    private readonly CandidatePruner _pruner;

    internal CompressionSearch(
        Network network, Dataset validation, CompressionOptions options, ICompressionRun run, CompressionBudget? budget,
        CancellationToken cancel)
    {
        (_network, _options, _cancel) = (network, options, cancel);
        Evaluator = new CandidateEvaluator(network, validation, options, run, cancel);
        Budget = budget ?? new CompressionBudget(network, options with { MaxTime = null }, run, TimeProvider.System);
        History = new CompressionHistory(network, Evaluator.Baseline, options, run);
        _trainer = new CompressionTrainer(network, options, run, Budget, Evaluator, cancel);
        var rounding = new WidthRounding(run, History, cancel);
        _pruner = new CandidatePruner(options, run, Budget, _trainer, rounding);
        run.Note(CompressionHistory.Line("came in", Evaluator.Baseline));
    }

    internal CompressionBudget Budget { get; }

    internal CandidateEvaluator Evaluator { get; }

    internal CompressionHistory History { get; }

    /// <summary>
    /// Tries one structure: regularize, then prune, fine-tune, shrink and measure for several amounts.
    /// </summary>
    internal void Try(Thinning thinning)
    {
        string structure = thinning.Name;
        Network prepared = _trainer.Regularize(thinning);
        (double fails, double holds, double kept) = (0, 1, _options.FirstKept ?? thinning.FirstKept);
        for (int trial = 1; trial <= Budget.Trials && Budget.HasTimeFor(structure, trial); trial++)
        {
            CompressionTrial tried = Try(thinning, prepared, kept, $"{structure}-{trial}");
            (fails, holds) = tried.IsWithinBound ? (fails, kept) : (kept, holds);
            kept = Next(fails, holds);
        }
    }

    private CompressionTrial Try(Thinning thinning, Network prepared, double kept, string name)
    {
        _cancel.ThrowIfCancellationRequested();
        (Network pruned, int epochs) = _pruner.Prune(thinning, prepared, kept, name);
        (Network tuned, double accuracy) = _trainer.FineTune(name, pruned, epochs);
        Network small = tuned.Shrink().Network;
        NetworkFigures figures = Evaluator.Figures(name, small, accuracy);
        return Add(
            name, new CompressionTrial(thinning.Structure, kept, small, figures, IsWithinBound(accuracy)));
    }

    /// <summary>
    /// Until a trial fails the part is halved. Until one holds the interval up to the whole network is halved on a
    /// logarithmic scale, but the part grows at most fourfold, so that a first guess which is far too small costs
    /// little. From then on the interval is halved.
    /// </summary>
    /// <param name="fails">Largest part that failed; 0: none did.</param>
    /// <param name="holds">Smallest part that held; 1: none did.</param>
    private static double Next(double fails, double holds) =>
        fails == 0 ? holds / 2 : Math.Min(Math.Sqrt(fails * holds), holds == 1 ? MostGrowth * fails : 1);

    /// <summary>
    /// Tries amounts of pruning without training: layers are fitted again on samples whose labels are not read.
    /// </summary>
    /// <param name="samples">Samples that fit the layers.</param>
    /// <param name="remark">What the accuracies of what was tried are, for the report.</param>
    internal void TryCalibrated(Tensor samples, string remark)
    {
        History.Remark(remark);
        if (_options.Structure == CompressionStructure.None)
        {
            return;
        }

        (double holds, double fails) = (0, 1);
        double zeros = 1 - (_options.FirstKept ?? 0.4);
        for (int trial = 1; trial <= _options.Trials; trial++)
        {
            string name = $"calibrated-{trial}";
            Network pruned = _network.PruneCalibrated(samples, zeros, Ignores, _cancel).Shrink().Network;
            double accuracy = Evaluator.Accuracy(pruned);
            NetworkFigures figures = Evaluator.Figures(name, pruned, accuracy);
            CompressionTrial tried = Add(name, new CompressionTrial(
                CompressionStructure.Element, 1 - zeros, pruned, figures, IsWithinBound(accuracy)));
            (holds, fails) = tried.IsWithinBound ? (zeros, fails) : (holds, zeros);
            zeros = (holds + fails) / 2;
        }
    }

    /// <summary>Fine-tunes a network with thinned activations and adds it to the trials.</summary>
    internal CompressionTrial FineTuneActivations(string name, Network network)
    {
        (Network tuned, double accuracy) = _trainer.FineTune(name, network, Budget.TuneEpochs);
        return AddActivations(name, tuned, accuracy);
    }

    /// <summary>Adds a network with thinned activations, as it is, to the trials.</summary>
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

    private bool IsWithinBound(double accuracy) => accuracy >= Evaluator.MinAccuracy;

    private bool Ignores(string node) =>
        _options.Ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, node, ignoreCase: false));
}
