using System.Globalization;
using Temper.Compression.Activations;
using Temper.Data;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>
/// The activation stage, after the weights: measures how far each point (and, for <see
/// cref="CompressionActivations.Joint"/>, each layer's weights) can be pruned, then tries accuracy budgets in turn.
/// Each trial starts from the last network within the bound, so the kept fractions fall step by step.
/// </summary>
internal sealed class ActivationSearch(
    CompressionSearch search, CompressionOptions options, Dataset validation, CancellationToken cancel)
{
    /// <summary>Numbers of samples used to measure sensitivities and to count multiply-accumulates.</summary>
    private const int ScannedSamples = 1000, CountedSamples = 300;

    /// <summary>
    /// First budget, in multiples of the accepted accuracy drop, and limits of budgets as fractions of the samples.
    /// Budgets exceed the drop because fine-tuning recovers most of the loss.
    /// </summary>
    private const double FirstBudget = 4, MinBudget = 0.02, MaxBudget = 8;

    /// <summary>Budgets above this fraction of a failed budget are not worth a trial.</summary>
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
                "Winners-take-all cannot be inserted: no activation function is read by weighted layers only.");
            return;
        }

        Dataset scanned = validation.Spread(ScannedSamples);
        double Accuracy(Network network) => search.Evaluator.Accuracy(network, scanned);
        double accuracy = Accuracy(start);
        Prunable[] parts =
        [
            .. places.Select(place => new PrunableActivations(place, options.Score)),
            .. options.Activations == CompressionActivations.Joint ? PrunableWeights.Of(start, Ignores) : [],
        ];
        var sensitivities = new List<Sensitivity>();
        foreach (Prunable part in parts)
        {
            cancel.ThrowIfCancellationRequested();
            sensitivities.Add(Sensitivity.Of(part, start, accuracy, Accuracy));
            search.History.Note($"sensitivity of {part.Name}: {Curve(sensitivities[^1])}");
        }

        search.Budget.EndStage($"{Name}-sensitivity");
        Search(start, sensitivities, Multiplied(ActivationCount.Of(start, scanned, CountedSamples, cancel)));
        TryThresholds();
    }

    private void Search(Network start, IReadOnlyList<Sensitivity> parts, IReadOnlyList<LayerActivations> layers)
    {
        (double holds, double fails, double budget) =
            (0, MaxBudget, Math.Max(MinBudget, FirstBudget * options.MaxAccuracyDrop / 100));
        Network held = start;
        int[] heldLevels = new int[parts.Count], failed = [];
        for (int trial = 1; trial <= search.Budget.Trials
            && search.Budget.HasTimeFor(Name, trial) && budget < MaxBudget; trial++)
        {
            int[] levels = RateChoice.Levels(parts, layers, budget);
            while (levels.AsSpan().SequenceEqual(heldLevels) && budget < Nearly * fails)
            {
                // A budget that changes no level holds without a trial.
                holds = budget;
                budget = Next(holds, fails);
                levels = RateChoice.Levels(parts, layers, budget);
            }

            if (IsAtLeastAsSparse(levels, failed))
            {
                // The sensitivities show no loss for these levels, so a lower budget cannot avoid them: bisect instead.
                levels = [.. heldLevels.Zip(failed, (kept, level) => Math.Max(kept, (kept + level) / 2))];
            }

            if (levels.AsSpan().SequenceEqual(heldLevels))
            {
                break;
            }

            Network thinned = parts.Zip(levels).Aggregate(
                held, (network, choice) => choice.First.Part.Prune(network, choice.Second));
            string name = $"{Name}-{trial}";
            search.History.Note(string.Create(CultureInfo.InvariantCulture,
                $"{name}, budget {budget * 100:F1} points: {Choice(parts, levels)}"));
            CompressionTrial tried = search.FineTuneActivations(name, thinned);
            search.Budget.EndStage(name);
            (holds, fails) = tried.IsWithinBound ? (budget, fails) : (holds, budget);
            (held, heldLevels, failed) =
                tried.IsWithinBound ? (tried.Network, levels, failed) : (held, heldLevels, levels);
            budget = Next(holds, fails);
        }
    }

    /// <summary>Whether every part is at least as sparse as in the last failed trial; false if none failed.</summary>
    private static bool IsAtLeastAsSparse(int[] levels, int[] failed) =>
        failed.Length > 0 && levels.Zip(failed).All(pair => pair.First >= pair.Second);

    /// <summary>
    /// Returns the next budget: doubled until one fails, divided by 3 until one holds, then bisected on a logarithmic
    /// scale.
    /// </summary>
    private static double Next(double holds, double fails) =>
        fails >= MaxBudget ? 2 * holds : holds == 0 ? fails / 3 : Math.Sqrt(holds * fails);

    /// <summary>
    /// Returns the layers with zeros of the network's input counted, as in the figures on which decisions are based.
    /// </summary>
    private static LayerActivations[] Multiplied(ActivationCount count) =>
        [.. count.Layers.Select(layer => layer.ReadsInput ? layer with { ActiveMacs = layer.NonzeroMacs } : layer)];

    /// <summary>
    /// Adds the best network with thresholds in place of ranking as another trial, with its accuracy measured again.
    /// </summary>
    private void TryThresholds()
    {
        if (search.History.BestOfActivations() is { } best)
        {
            Network network = WinnerThresholds.Calibrate(best.Network, validation);
            search.MeasureActivations($"{best.Label}, thresholds", network);
        }
    }

    private bool Ignores(string node) => LayerPattern.MatchesAny(options.Ignore, node);

    private static string Curve(Sensitivity sensitivity) => string.Join(", ", sensitivity.Part.Kept.Select((kept, i) =>
        string.Create(CultureInfo.InvariantCulture, $"{kept * 100:G3} % -{sensitivity.Drops[i + 1] * 100:F1}")));

    private static string Choice(IReadOnlyList<Sensitivity> parts, int[] levels) =>
        string.Join(", ", parts.Select((sensitivity, i) => string.Create(CultureInfo.InvariantCulture,
            $"{sensitivity.Part.Name} {sensitivity.Part.KeptAt(levels[i]) * 100:G3} %")));
}
