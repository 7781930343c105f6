using System.Globalization;
using System.IO.Enumeration;
using Temper.Compression.Calibration;
using Temper.Compression.DeepHoyer;
using Temper.Compression.Distillation;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>The search for the smallest network within the bound: for each structure one training with the regularizer, then trials by bisection.</summary>
internal sealed class CompressionSearch
{
    /// <summary>Ratio of times above which a network counts as slower; below lies noise.</summary>
    private const double Slower = 1.02;

    private readonly Network _network;
    private readonly Dataset _validation;
    private readonly CompressionOptions _options;
    private readonly ICompressionRun _run;
    private readonly CompressionBudget _budget;
    private readonly CancellationToken _cancel;
    private readonly NetworkFigures _before;
    private readonly List<CompressionTrial> _trials = [];
    private readonly List<string> _remarks = [];

    internal CompressionSearch(Network network, Dataset validation, CompressionOptions options, ICompressionRun run, CompressionBudget? budget, CancellationToken cancel)
    {
        (_network, _validation, _options, _run, _cancel) = (network, validation, options, run, cancel);
        double accuracy = Accuracy(network);
        CompressionChecks.RequireBetterThanChance(accuracy, validation);
        _before = Figures("before", network, accuracy);
        _budget = budget ?? new CompressionBudget(network, options with { MaxTime = null }, run, TimeProvider.System);
        run.Note(Line("came in", _before));
    }

    /// <summary>Least accuracy of a result.</summary>
    private double Bound => _before.Accuracy - (_options.MaxAccuracyDrop / 100);

    /// <summary>Tries one structure: regularize, then prune, fine-tune, shrink and measure for several amounts.</summary>
    internal void Try(Thinning thinning)
    {
        string structure = thinning.Name;
        Network prepared = Regularized(thinning, structure);
        (double fails, double holds, double kept) = (0, 1, _options.FirstKept ?? thinning.FirstKept);
        for (int trial = 1; trial <= _budget.Trials && _budget.HasTimeFor(structure, trial); trial++)
        {
            CompressionTrial tried = Trial(thinning, prepared, kept, $"{structure}-{trial}");
            Add(tried, $"{structure}-{trial}");
            (fails, holds) = tried.IsWithinBound ? (fails, kept) : (kept, holds);

            // Until a trial fails the part is halved, from then on the interval, on a logarithmic scale.
            kept = fails == 0 ? holds / 2 : Math.Sqrt(fails * holds);
        }
    }

    /// <summary>Tries amounts of pruning without training: layers are fitted again on samples whose labels are not read.</summary>
    /// <param name="samples">Samples that fit the layers.</param>
    /// <param name="remark">What the accuracies of what was tried are, for the report.</param>
    internal void TryCalibrated(Tensor samples, string remark)
    {
        _remarks.Add(remark);
        (double holds, double fails) = (0, 1);
        double zeros = 1 - (_options.FirstKept ?? 0.4);
        for (int trial = 1; trial <= _options.Trials; trial++)
        {
            string name = $"calibrated-{trial}";
            Network pruned = _network.PruneCalibrated(samples, zeros, Ignores, _cancel).Shrink().Network;
            double accuracy = Accuracy(pruned);
            CompressionTrial tried = new(CompressionStructure.Element, 1 - zeros, pruned, Figures(name, pruned, accuracy), accuracy >= Bound);
            Add(tried, name);
            (holds, fails) = tried.IsWithinBound ? (zeros, fails) : (holds, zeros);
            zeros = (holds + fails) / 2;
        }
    }

    internal CompressionResult Result()
    {
        CompressionTrial[] holding = [.. _trials.Where(trial => trial.IsWithinBound)];
        if (holding.Length == 0)
        {
            CompressionTrial? nearest = _trials.MaxBy(trial => trial.Figures.Accuracy);
            _remarks.Add("No trial stayed within the bound; the most accurate one is kept.");
            return new CompressionResult(nearest?.Network ?? _network, _before, nearest, _trials, IsWithinBound: false, _remarks);
        }

        CompressionTrial? best = holding.Where(trial => trial.Figures.Milliseconds <= Slower * _before.Milliseconds).MinBy(trial => trial.Figures[_options.Goal]);
        if (best is null)
        {
            _remarks.Add("Every network within the bound is slower on this processor than the one that came in, so that one is kept.");
            return new CompressionResult(_network, _before, null, _trials, IsWithinBound: true, _remarks);
        }

        return new CompressionResult(best.Network, _before, best, _trials, IsWithinBound: true, _remarks);
    }

    private void Add(CompressionTrial trial, string name)
    {
        _trials.Add(trial);
        _run.Note(Line(string.Create(CultureInfo.InvariantCulture, $"{name}, {trial.Kept * 100:F1} % kept{(trial.IsWithinBound ? "" : ", below the bound")}"), trial.Figures));
    }

    private bool Ignores(string node) => _options.Ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, node, ignoreCase: false));

    private Network Regularized(Thinning thinning, string structure)
    {
        bool hasRegularizer = thinning.Regularizer(_options.Method, 1) is not null;
        if (_budget.RegularizeEpochs == 0 || (hasRegularizer && _options.Pressure == 0))
        {
            return _network;
        }

        TrainingOptions options = Stage(_budget.RegularizeEpochs, 0);
        if (hasRegularizer)
        {
            WeightRegularizer regularizer = thinning.Regularizer(_options.Method, StrengthFor(thinning))!;
            _run.Note(string.Create(CultureInfo.InvariantCulture, $"regularize: {regularizer.Name}, strength {regularizer.Strength:G3}, {_budget.RegularizeEpochs} epochs"));
            options = options with { Regularizers = [regularizer] };
        }
        else
        {
            _run.Note($"train on: {_budget.RegularizeEpochs} epochs without a regularizer, as long as other methods train with one");
        }

        // The last epoch, not the best: accuracy on the way says nothing of how far weights have gone.
        return _run.Fit($"regularize-{structure}", _network, options).Last;
    }

    /// <summary>The strength at which the regularizer's value is the pressure.</summary>
    private float StrengthFor(Thinning thinning)
    {
        double unit = RegularizerValue.Of(thinning.Regularizer(_options.Method, 1)!, _network);
        return unit > 0 ? (float)(_options.Pressure / unit) : 0;
    }

    private CompressionTrial Trial(Thinning thinning, Network prepared, double kept, string name)
    {
        _cancel.ThrowIfCancellationRequested();
        (Network pruned, int epochs) = _options.Method == CompressionMethod.Gradual && _budget.TuneEpochs > 1
            ? Gradually(thinning, prepared, kept, name)
            : (RoundedByTime(thinning, prepared, kept, name), _budget.TuneEpochs);
        Network tuned = pruned;
        double accuracy;
        if (epochs > 0)
        {
            TrainingResult result = _run.Fit($"tune-{name}", pruned, Stage(epochs, 1));
            (tuned, accuracy) = (result.Network, result.History[result.BestEpoch].ValidationAccuracy);
        }
        else
        {
            accuracy = Accuracy(pruned);
        }

        Network small = tuned.Shrink().Network;
        return new CompressionTrial(thinning.Structure, kept, small, Figures(name, small, accuracy), accuracy >= Bound);
    }

    /// <summary>
    /// Prunes a little more before each of the first epochs, along a cube (equation 1 of arXiv:1710.01878); the epochs that are left fine-tune.
    /// </summary>
    private (Network Pruned, int Left) Gradually(Thinning thinning, Network network, double kept, string name)
    {
        int rounds = Math.Max(1, 3 * _budget.TuneEpochs / 4);
        double before = 1;
        for (int round = 1; round <= rounds; round++)
        {
            double now = kept + ((1 - kept) * Math.Pow(1 - (round / (double)rounds), 3));
            network = thinning.Prune(network, thinning.Next(now, before), _options.Ignore, _options.Method);
            before = now;
            if (round < rounds)
            {
                network = _run.Fit($"tune-{name}-{round}", network, Stage(1, (ulong)round + 1) with { Schedule = new ConstantSchedule() }).Last;
            }
        }

        return (network, _budget.TuneEpochs - rounds + 1);
    }

    /// <summary>The pruned network, with widths rounded where that is faster here; only where milliseconds are the goal.</summary>
    private Network RoundedByTime(Thinning thinning, Network prepared, double kept, string name)
    {
        Network pruned = thinning.Prune(prepared, kept, _options.Ignore, _options.Method);
        (string What, Network Network)[] others = _options.Goal == CompressionGoal.Milliseconds ? [.. thinning.Rounded(prepared, kept, _options.Ignore)] : [];
        others = [.. others.Where(other => other.Network.Cost().Macs != pruned.Cost().Macs).DistinctBy(other => other.Network.Cost().Macs)];
        if (others.Length == 0)
        {
            return pruned;
        }

        string chosen = _run.Choose(name, "rounding", () =>
        {
            IReadOnlyList<double> times = NetworkTiming.Milliseconds([pruned, .. others.Select(other => other.Network)], 1, cancel: _cancel);
            int best = Enumerable.Range(1, others.Length).MinBy(i => times[i]);
            return times[best] * Slower < times[0] ? string.Create(CultureInfo.InvariantCulture, $"{best}: {times[0]:F4} ms to {times[best]:F4} ms") : "0";
        });
        int index = int.Parse(chosen.Split(':')[0], CultureInfo.InvariantCulture);
        if (index == 0)
        {
            return pruned;
        }

        (string what, Network rounded) = others[index - 1];
        _remarks.Add(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {what}, since that is faster here ({chosen.Split(':')[1].Trim()}); it costs {((double)rounded.Cost().Macs / pruned.Cost().Macs - 1) * 100:F1} % more operations."));
        return rounded;
    }

    private double Accuracy(Network network) => Evaluator.Evaluate(network, _validation, cancel: _cancel).Accuracy;

    private TrainingOptions Stage(int epochs, ulong stage)
    {
        TrainingOptions own = _options.Training ?? new TrainingOptions { Seed = _options.Seed, Optimizer = new Adam { LearningRate = 1e-3f } };
        return own with
        {
            Seed = _options.Seed + stage,
            Epochs = epochs,
            Schedule = new CosineSchedule(),
            Objective = _options.Distillation > 0 ? new DistillationObjective(_network, own.Loss) { Weight = _options.Distillation } : null,
        };
    }

    private NetworkFigures Figures(string name, Network network, double accuracy)
    {
        string milliseconds = _run.Choose(name, "milliseconds", () =>
        {
            // Beside the network that came in, so that a busy moment slows both.
            IReadOnlyList<double> times = ReferenceEquals(network, _network)
                ? NetworkTiming.Milliseconds([network], 1, cancel: _cancel)
                : NetworkTiming.Milliseconds([_network, network], 1, cancel: _cancel);
            double scaled = times.Count == 1 ? times[0] : times[1] / times[0] * _before.Milliseconds;
            return scaled.ToString("R", CultureInfo.InvariantCulture);
        });
        return new NetworkFigures(
            accuracy, SparsityReport.Of(network).Nonzero, network.Cost().NonzeroMacs, NetworkSize.Bytes(network), double.Parse(milliseconds, CultureInfo.InvariantCulture));
    }

    private static string Line(string what, NetworkFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{what}: {figures.Accuracy * 100:F2} % of the held-out samples, {figures.Weights:N0} weights, {figures.Macs / 1e6:F2} M operations, {figures.Milliseconds:F3} ms");
}
