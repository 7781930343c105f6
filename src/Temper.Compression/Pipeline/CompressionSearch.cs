using System.Globalization;
using System.IO.Enumeration;
using Temper.Compression.Activations;
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

/// <summary>
/// The search for the smallest network within the bound: for each structure one training with the regularizer, then
/// trials by bisection.
/// </summary>
internal sealed class CompressionSearch
{
    /// <summary>Held-out samples on which multiplications are counted.</summary>
    private const int CountedSamples = 500;

    /// <summary>Ratio of times above which a network counts as slower; below lies noise.</summary>
    private const double Slower = 1.02;

    /// <summary>Largest part of the removed operations that rounding widths up may bring back.</summary>
    private const double MaxGivenBack = 0.25;

    /// <summary>How much more is kept at most after a trial that failed, while none has held.</summary>
    private const double MostGrowth = 4;

    private readonly Network _network;
    private readonly Dataset _validation;
    private readonly CompressionOptions _options;
    private readonly ICompressionRun _run;
    private readonly CancellationToken _cancel;
    private readonly NetworkFigures _before;
    private readonly List<CompressionTrial> _trials = [];
    private readonly List<string> _remarks = [];

    internal CompressionSearch(
        Network network, Dataset validation, CompressionOptions options, ICompressionRun run, CompressionBudget? budget,
        CancellationToken cancel)
    {
        (_network, _validation, _options, _run, _cancel) = (network, validation, options, run, cancel);
        double accuracy = Accuracy(network);
        CompressionChecks.RequireBetterThanChance(accuracy, validation);
        _before = Figures("before", network, accuracy);
        Budget = budget ?? new CompressionBudget(network, options with { MaxTime = null }, run, TimeProvider.System);
        run.Note(Line("came in", _before));
    }

    internal CompressionBudget Budget { get; }

    /// <summary>Least accuracy of a result.</summary>
    private double Bound => _before.Accuracy - (_options.MaxAccuracyDrop / 100);

    /// <summary>
    /// Tries one structure: regularize, then prune, fine-tune, shrink and measure for several amounts.
    /// </summary>
    internal void Try(Thinning thinning)
    {
        string structure = thinning.Name;
        Network prepared = Regularized(thinning, structure);
        (double fails, double holds, double kept) = (0, 1, _options.FirstKept ?? thinning.FirstKept);
        for (int trial = 1; trial <= Budget.Trials && Budget.HasTimeFor(structure, trial); trial++)
        {
            CompressionTrial tried = Trial(thinning, prepared, kept, $"{structure}-{trial}");
            Add(tried, $"{structure}-{trial}");
            (fails, holds) = tried.IsWithinBound ? (fails, kept) : (kept, holds);

            kept = Next(fails, holds);
        }
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
    /// Where thinning activations begins: the best network that has half of the accuracy that may be lost left, else
    /// the best within the bound, else the one that came in.
    /// </summary>
    internal Network StartOfActivations()
    {
        double easy = _before.Accuracy - (_options.MaxAccuracyDrop / 200);
        CompressionTrial[] holding = [.. _trials.Where(trial => trial.IsWithinBound)];
        return (holding.Where(trial => trial.Figures.Accuracy >= easy).MinBy(Goal) ?? holding.MinBy(Goal))?.Network
            ?? _network;
    }

    /// <summary>The best network of the activations' stage within the bound; null: none is.</summary>
    internal CompressionTrial? BestOfActivations() =>
        _trials.Where(trial => trial is { IsWithinBound: true, Activations: not CompressionActivations.None })
            .MinBy(Goal);

    /// <summary>Fine-tunes a network with thinned activations and adds it to what was tried.</summary>
    internal CompressionTrial Tuned(string name, Network network, CompressionActivations activations)
    {
        (Network tuned, double accuracy) = Tune(name, network, Budget.TuneEpochs);
        return Measured(name, tuned, activations, accuracy);
    }

    /// <summary>Adds a network with thinned activations, as it is, to what was tried.</summary>
    internal CompressionTrial Measured(
        string name, Network network, CompressionActivations activations, double? accuracy = null)
    {
        double measured = accuracy ?? Accuracy(network);
        NetworkFigures figures = Figures(name, network, measured);
        double kept = figures.ActiveMacs / _before.ActiveMacs ?? 1;
        var trial = new CompressionTrial(_options.Structure, kept, network, figures, measured >= Bound)
        {
            Activations = activations, Label = name,
        };
        Add(trial, name);
        return trial;
    }

    internal void Remark(string remark) => _remarks.Add(remark);

    internal void Note(string line) => _run.Note(line);

    internal double Accuracy(Network network, Dataset samples) => _run.Evaluate(network, samples, _cancel).Accuracy;

    /// <summary>
    /// Tries amounts of pruning without training: layers are fitted again on samples whose labels are not read.
    /// </summary>
    /// <param name="samples">Samples that fit the layers.</param>
    /// <param name="remark">What the accuracies of what was tried are, for the report.</param>
    internal void TryCalibrated(Tensor samples, string remark)
    {
        _remarks.Add(remark);
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
            double accuracy = Accuracy(pruned);
            CompressionTrial tried = new(CompressionStructure.Element, 1 - zeros, pruned, Figures(
                name, pruned, accuracy), accuracy >= Bound);
            Add(tried, name);
            (holds, fails) = tried.IsWithinBound ? (zeros, fails) : (holds, zeros);
            zeros = (holds + fails) / 2;
        }
    }

    internal CompressionResult Result()
    {
        if (_options.Structure == CompressionStructure.None && _trials.Count == 0)
        {
            return new CompressionResult(_network, _before, null, _trials, IsWithinBound: true, _remarks);
        }

        CompressionTrial[] holding = [.. _trials.Where(trial => trial.IsWithinBound)];
        if (holding.Length == 0)
        {
            CompressionTrial? nearest = _trials.MaxBy(trial => trial.Figures.Accuracy);
            _remarks.Add(nearest is null
                ? "There was no time for a trial, so the network that came in is kept; allow more time."
                : "No trial stayed within the bound; the most accurate one is kept.");
            return new CompressionResult(
                nearest?.Network ?? _network, _before, nearest, _trials, IsWithinBound: false, _remarks);
        }

        CompressionTrial? best = holding.Where(IsFastEnough).MinBy(Goal);
        if (best is null)
        {
            _remarks.Add("Every network within the bound is slower on this processor than the one that came in, so "
                + "that one is kept.");
            return new CompressionResult(_network, _before, null, _trials, IsWithinBound: true, _remarks);
        }

        return new CompressionResult(best.Network, _before, best, _trials, IsWithinBound: true, _remarks);
    }

    private double Goal(CompressionTrial trial) => trial.Figures[_options.Goal];

    /// <summary>
    /// JPnet counts multiplications; single zeros among activations make nothing faster, so time is no condition where
    /// operations are the goal.
    /// </summary>
    private bool IsFastEnough(CompressionTrial trial) => trial.Figures.Milliseconds <= Slower * _before.Milliseconds
        || (_options.Goal == CompressionGoal.Macs && trial.Activations == CompressionActivations.Joint);

    private void Add(CompressionTrial trial, string name)
    {
        _trials.Add(trial);
        _run.Note(Line(string.Create(CultureInfo.InvariantCulture, $"{name}, {trial.Kept * 100:F1} % "
            + $"kept{(trial.IsWithinBound ? "" : ", below the bound")}"), trial.Figures));
    }

    private bool Ignores(string node) =>
        _options.Ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, node, ignoreCase: false));

    private Network Regularized(Thinning thinning, string structure)
    {
        bool hasRegularizer = thinning.Regularizer(_options.Method, 1) is not null;
        if (Budget.RegularizeEpochs == 0 || (hasRegularizer && _options.Pressure == 0))
        {
            return _network;
        }

        TrainingOptions options = Stage(Budget.RegularizeEpochs, 0);
        if (hasRegularizer)
        {
            WeightRegularizer regularizer = thinning.Regularizer(_options.Method, StrengthFor(thinning))!;
            _run.Note(string.Create(CultureInfo.InvariantCulture, $"regularize: {regularizer.Name}, strength "
                + $"{regularizer.Strength:G3}, {Budget.RegularizeEpochs} epochs"));
            options = options with { Regularizers = [regularizer] };
        }
        else
        {
            _run.Note($"train on: {Budget.RegularizeEpochs} epochs without a regularizer, as long as other methods "
                + "train with one");
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
        (Network pruned, int epochs) = _options.Method == CompressionMethod.Gradual && Budget.TuneEpochs > 1
            ? Gradually(thinning, prepared, kept, name)
            : (RoundedByTime(thinning, prepared, kept, name), Budget.TuneEpochs);
        (Network tuned, double accuracy) = Tune(name, pruned, epochs);
        Network small = tuned.Shrink().Network;
        return new CompressionTrial(thinning.Structure, kept, small, Figures(name, small, accuracy), accuracy >= Bound);
    }

    /// <summary>
    /// Prunes a little more before each of the first epochs, along a cube (equation 1 of arXiv:1710.01878); the epochs
    /// that are left fine-tune.
    /// </summary>
    private (Network Pruned, int Left) Gradually(Thinning thinning, Network network, double kept, string name)
    {
        int rounds = Math.Max(1, 3 * Budget.TuneEpochs / 4);
        double before = 1;
        for (int round = 1; round <= rounds; round++)
        {
            double now = kept + ((1 - kept) * Math.Pow(1 - (round / (double)rounds), 3));
            network = thinning.Prune(network, Amount(thinning, network, thinning.Next(now, before)));
            before = now;
            if (round < rounds)
            {
                network = _run.Fit($"tune-{name}-{round}", network, Stage(1, (ulong)round + 1) with
                {
                    Schedule = new ConstantSchedule(),
                }).Last;
            }
        }

        return (network, Budget.TuneEpochs - rounds + 1);
    }

    /// <summary>
    /// The pruned network, with widths rounded where that is faster here; only where milliseconds are the goal.
    /// </summary>
    private Network RoundedByTime(Thinning thinning, Network prepared, double kept, string name)
    {
        PruningAmount amount = Amount(thinning, prepared, kept);
        Network pruned = thinning.Prune(prepared, amount);
        if (_options.Goal != CompressionGoal.Milliseconds)
        {
            return pruned;
        }

        // Multiples of a layer's own width would bring all of its channels back: pruning has to keep most of its gain.
        double limit = pruned.Cost().Macs + (MaxGivenBack * (prepared.Cost().Macs - pruned.Cost().Macs));

        // Time does not depend on what the weights are: what loses the comparison need not be fitted.
        (int Multiple, Network Network)[] others = [.. thinning.Multiples
            .Select(
                multiple => (multiple, thinning.Prune(prepared, amount with { Multiple = multiple, Samples = null })))
            .Where(other => other.Item2.Cost().Macs > pruned.Cost().Macs && other.Item2.Cost().Macs <= limit)
            .DistinctBy(other => other.Item2.Cost().Macs)];
        if (others.Length == 0)
        {
            return pruned;
        }

        string chosen = _run.Choose(name, "rounding", () =>
        {
            IReadOnlyList<double> times =
                NetworkTiming.Milliseconds([pruned, .. others.Select(other => other.Network)], 1, cancel: _cancel);
            int best = Enumerable.Range(1, others.Length).MinBy(i => times[i]);
            return times[best] * Slower < times[0]
                ? string.Create(CultureInfo.InvariantCulture, $"{best}: {times[0]:F4} ms to {times[best]:F4} ms")
                : "0";
        });
        int index = int.Parse(chosen.Split(':')[0], CultureInfo.InvariantCulture);
        if (index == 0)
        {
            return pruned;
        }

        (int chosenMultiple, Network rounded) = others[index - 1];
        _remarks.Add(string.Create(CultureInfo.InvariantCulture,
            $"{name}: widths rounded up to multiples of {chosenMultiple}, since that is faster here "
            + $"({chosen.Split(':')[1].Trim()}); it costs "
                + $"{((double)rounded.Cost().Macs / pruned.Cost().Macs - 1) * 100:F1} % more operations."));
        return thinning.Prune(prepared, amount with { Multiple = chosenMultiple });
    }

    private PruningAmount Amount(Thinning thinning, Network network, double kept)
    {
        int count = thinning.IsFitted ? ChannelReconstruction.SampleCount(network) : 0;
        return new PruningAmount(kept, _options.Ignore, _options.Method)
        {
            Samples = count == 0 ? null : _run.TrainingInputs(count),
        };
    }

    private (Network Network, double Accuracy) Tune(string name, Network network, int epochs)
    {
        _cancel.ThrowIfCancellationRequested();
        if (epochs == 0)
        {
            return (network, Accuracy(network));
        }

        TrainingResult result = _run.Fit($"tune-{name}", network, Stage(epochs, 1));
        return (result.Network, result.History[result.BestEpoch].ValidationAccuracy);
    }

    private double Accuracy(Network network) => Accuracy(network, _validation);

    private TrainingOptions Stage(int epochs, ulong stage)
    {
        TrainingOptions own = _options.Training
            ?? new TrainingOptions { Seed = _options.Seed, Optimizer = new Adam { LearningRate = 1e-3f } };
        return own with
        {
            Seed = _options.Seed + stage,
            Epochs = epochs,
            Schedule = new CosineSchedule(),
            Objective = _options.Distillation > 0
                ? new DistillationObjective(_network, own.Loss) { Weight = _options.Distillation }
                : null,
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
            accuracy, SparsityReport.Of(network).Nonzero, network.Cost().NonzeroMacs, NetworkSize.Bytes(network),
            double.Parse(milliseconds, CultureInfo.InvariantCulture))
        {
            ActiveMacs = _options.Activations == CompressionActivations.None
                ? null
                : ActivationCount.Of(network, _validation, CountedSamples, _cancel).MacsZeroInputsCounted,
        };
    }

    private static string Line(string what, NetworkFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{what}: {figures.Accuracy * 100:F2} % of the held-out samples, {figures.Weights:N0} weights, "
        + $"{figures.Macs / 1e6:F2} M operations{Active(figures)}, {figures.Milliseconds:F3} ms");

    private static string Active(NetworkFigures figures) =>
        figures.ActiveMacs is { } active
            ? string.Create(CultureInfo.InvariantCulture, $" ({active / 1e6:F3} M with both factors not zero)")
            : "";
}
