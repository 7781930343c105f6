using System.Globalization;
using System.IO.Enumeration;
using Temper.Compression.Activations;
using Temper.Data;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>
/// The stage behind the weights' one: finds out how much each place (and for <see cref="CompressionActivations.Joint"/>
/// each layer's weights) may be thinned, then tries growing budgets of accuracy. Each trial goes on from the last
/// network that held, so rates fall step by step.
/// </summary>
internal sealed class ActivationSearch(
    CompressionSearch search, CompressionOptions options, Dataset validation, CancellationToken cancel)
{
    /// <summary>Samples that are enough to rank places by, and to count multiplications with.</summary>
    private const int ScannedSamples = 1000, CountedSamples = 300;

    /// <summary>
    /// The first budget in multiples of the accuracy that may be lost, and its least: fine-tuning wins most of it back.
    /// </summary>
    private const double FirstBudget = 4, LeastBudget = 0.02, MostBudget = 8;

    /// <summary>Part of a budget that failed up to which others are worth a trial.</summary>
    private const double Nearly = 0.9;

    private string Name => options.Activations.ToString().ToLowerInvariant();

    internal void Try()
    {
        Network start = search.History.StartOfActivations();
        IReadOnlyList<WinnerPlace> places =
            WinnerPlacement.Of(start, channels: options.Activations == CompressionActivations.Winners, Ignores);
        if (places.Count == 0)
        {
            search.History.Remark(
                "Winners have no place in this network: no activation function is read by layers of weights alone.");
            return;
        }

        Dataset scanned = validation.Count > ScannedSamples
            ? validation.Subset([.. Enumerable.Range(0, ScannedSamples)])
            : validation;
        double Accuracy(Network network) => search.Evaluator.Accuracy(network, scanned);
        double accuracy = Accuracy(start);
        Knob[] knobs =
        [
            .. places.Select(place => new WinnerKnob(place, options.Score)),
            .. options.Activations == CompressionActivations.Joint ? WeightKnob.Of(start, Ignores) : [],
        ];
        var sensitivities = new List<Sensitivity>();
        foreach (Knob knob in knobs)
        {
            cancel.ThrowIfCancellationRequested();
            sensitivities.Add(Sensitivity.Of(knob, start, accuracy, Accuracy));
            search.History.Note($"sensitivity of {knob.Name}: {Curve(sensitivities[^1])}");
        }

        Search(start, sensitivities, Multiplied(ActivationCount.Of(start, scanned, CountedSamples, cancel)));
        TryThresholds();
    }

    private void Search(Network start, IReadOnlyList<Sensitivity> knobs, IReadOnlyList<LayerActivations> layers)
    {
        (double holds, double fails, double budget) =
            (0, MostBudget, Math.Max(LeastBudget, FirstBudget * options.MaxAccuracyDrop / 100));
        Network held = start;
        int[] heldLevels = new int[knobs.Count], failed = [];
        for (int trial = 1; trial <= search.Budget.Trials
            && search.Budget.HasTimeFor(Name, trial) && budget < MostBudget; trial++)
        {
            int[] levels = RateChoice.Levels(knobs, layers, budget);
            while (levels.AsSpan().SequenceEqual(heldLevels) && budget < Nearly * fails)
            {
                // A budget that changes nothing holds without a trial.
                holds = budget;
                budget = Next(holds, fails);
                levels = RateChoice.Levels(knobs, layers, budget);
            }

            if (levels.AsSpan().SequenceEqual(heldLevels) || levels.AsSpan().SequenceEqual(failed))
            {
                break;
            }

            Network thinned = held;
            for (int knob = 0; knob < levels.Length; knob++)
            {
                thinned = knobs[knob].Knob.Apply(thinned, levels[knob]);
            }

            search.History.Note(string.Create(CultureInfo.InvariantCulture,
                $"{Name}-{trial}, budget {budget * 100:F1} points: {Choice(knobs, levels)}"));
            CompressionTrial tried = search.FineTuneActivations($"{Name}-{trial}", thinned);
            (holds, fails) = tried.IsWithinBound ? (budget, fails) : (holds, budget);
            (held, heldLevels, failed) =
                tried.IsWithinBound ? (tried.Network, levels, failed) : (held, heldLevels, levels);
            budget = Next(holds, fails);
        }
    }

    /// <summary>
    /// Doubled until one fails, a third until one holds, from then on the interval is halved on a logarithmic scale.
    /// </summary>
    private static double Next(double holds, double fails) =>
        fails >= MostBudget ? 2 * holds : holds == 0 ? fails / 3 : Math.Sqrt(holds * fails);

    /// <summary>What is multiplied, zeros of the network's inputs counted, as in the figures that decide.</summary>
    private static LayerActivations[] Multiplied(ActivationCount count) =>
        [.. count.Layers.Select(layer => layer.ReadsInput ? layer with { ActiveMacs = layer.NonzeroMacs } : layer)];

    /// <summary>
    /// The best network once more, with thresholds in the place of rankings: its accuracy is measured again.
    /// </summary>
    private void TryThresholds()
    {
        if (search.History.BestOfActivations() is { } best)
        {
            Network network = WinnerThresholds.Calibrate(best.Network, validation);
            search.MeasureActivations($"{best.Label}, thresholds", network);
        }
    }

    private bool Ignores(string node) =>
        options.Ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, node, ignoreCase: false));

    private static string Curve(Sensitivity sensitivity) => string.Join(", ", sensitivity.Knob.Kept.Select((kept, i) =>
        string.Create(CultureInfo.InvariantCulture, $"{kept * 100:G3} % -{sensitivity.Drops[i + 1] * 100:F1}")));

    private static string Choice(IReadOnlyList<Sensitivity> knobs, int[] levels) =>
        string.Join(", ", knobs.Select((knob, i) =>
        string.Create(CultureInfo.InvariantCulture, $"{knob.Knob.Name} {knob.Knob.KeptAt(levels[i]) * 100:G3} %")));
}
