using System.Globalization;
using Temper.Compression.Activations;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Inference;
using Temper.Networks;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>Measures candidates on the validation samples, and their time relative to the original network.</summary>
internal sealed class CandidateEvaluator
{
    /// <summary>Number of validation samples on which multiply-accumulates are counted.</summary>
    private const int CountedSamples = 500;

    private readonly Network _network;
    private readonly Dataset _validation;
    private readonly CompressionOptions _options;
    private readonly IMethodRun _run;
    private readonly CancellationToken _cancel;

    internal CandidateEvaluator(
        Network network, Dataset validation, CompressionOptions options, IMethodRun run, CancellationToken cancel)
    {
        (_network, _validation, _options, _run, _cancel) = (network, validation, options, run, cancel);
        double accuracy = Accuracy(network);
        CompressionChecks.RequireBetterThanChance(accuracy, validation);
        Baseline = Figures("before", network, accuracy);
    }

    /// <summary>Figures of the original network.</summary>
    internal NetworkFigures Baseline { get; }

    /// <summary>Whether accuracies are the agreement with the original network, because no labels are read.</summary>
    internal bool IsAgreement => _validation is AnsweredDataset;

    internal double Accuracy(Network network) => Accuracy(network, _validation);

    internal double Accuracy(Network network, Dataset samples) => _run.Evaluate(network, samples, _cancel).Accuracy;

    /// <summary>
    /// Returns the figures of a network. The measured time is recorded, so that a resumed run has the same figures.
    /// </summary>
    /// <param name="name">Stage under which the time is recorded.</param>
    /// <param name="network">The candidate.</param>
    /// <param name="accuracy">Its accuracy on the validation samples.</param>
    internal NetworkFigures Figures(string name, Network network, double accuracy)
    {
        double milliseconds = _run.Measure(name, "milliseconds", () => Milliseconds(network));
        return new NetworkFigures(
            accuracy, SparsityReport.Of(network).Nonzero, network.Cost().NonzeroMacs, NetworkSize.Bytes(network),
            milliseconds)
        {
            ActiveMacs = _options.Activations == CompressionActivations.None
                ? null
                : ActivationCount.Of(network, _validation, CountedSamples, _cancel).MacsZeroInputsCounted,
        };
    }

    /// <summary>Returns one log line with the figures of a network.</summary>
    internal string Line(string what, NetworkFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{what}: {AnsweredDataset.MeasureOf(_validation)} {figures.Accuracy * 100:F2} %, "
        + $"{figures.Weights:N0} weights, {figures.Macs / 1e6:F2} M MACs{Active(figures)}, "
        + $"{figures.Milliseconds:F3} ms");

    private static string Active(NetworkFigures figures) =>
        figures.ActiveMacs is { } active
            ? string.Create(CultureInfo.InvariantCulture, $" ({active / 1e6:F3} M with both factors nonzero)")
            : "";

    /// <summary>Timed in turns with the original network, so that a busy moment slows both.</summary>
    private double Milliseconds(Network network)
    {
        IReadOnlyList<double> times = ReferenceEquals(network, _network)
            ? NetworkTiming.Milliseconds([network], 1, cancel: _cancel)
            : NetworkTiming.Milliseconds([_network, network], 1, cancel: _cancel);
        return times.Count == 1 ? times[0] : times[1] / times[0] * Baseline.Milliseconds;
    }
}
