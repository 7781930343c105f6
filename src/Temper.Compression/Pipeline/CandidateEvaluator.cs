using System.Globalization;
using Temper.Compression.Activations;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>Measures candidates on the validation samples, their time beside that of the incoming network.</summary>
internal sealed class CandidateEvaluator
{
    /// <summary>Held-out samples on which multiplications are counted.</summary>
    private const int CountedSamples = 500;

    private readonly Network _network;
    private readonly Dataset _validation;
    private readonly CompressionOptions _options;
    private readonly ICompressionRun _run;
    private readonly CancellationToken _cancel;

    internal CandidateEvaluator(
        Network network, Dataset validation, CompressionOptions options, ICompressionRun run, CancellationToken cancel)
    {
        (_network, _validation, _options, _run, _cancel) = (network, validation, options, run, cancel);
        double accuracy = Accuracy(network);
        CompressionChecks.RequireBetterThanChance(accuracy, validation);
        Baseline = Figures("before", network, accuracy);
    }

    /// <summary>Figures of the network that came in.</summary>
    internal NetworkFigures Baseline { get; }

    /// <summary>Lowest accuracy that a result may have.</summary>
    internal double MinAccuracy => Baseline.Accuracy - (_options.MaxAccuracyDrop / 100);

    internal double Accuracy(Network network) => Accuracy(network, _validation);

    internal double Accuracy(Network network, Dataset samples) => _run.Evaluate(network, samples, _cancel).Accuracy;

    /// <summary>Figures of a network of known accuracy; its time is recorded, so a resumed run has the same.</summary>
    /// <param name="name">The stage that the time is recorded for.</param>
    /// <param name="network">The candidate.</param>
    /// <param name="accuracy">Its accuracy on the validation samples.</param>
    internal NetworkFigures Figures(string name, Network network, double accuracy)
    {
        string milliseconds = _run.Choose(
            name, "milliseconds", () => Milliseconds(network).ToString("R", CultureInfo.InvariantCulture));
        return new NetworkFigures(
            accuracy, SparsityReport.Of(network).Nonzero, network.Cost().NonzeroMacs, NetworkSize.Bytes(network),
            double.Parse(milliseconds, CultureInfo.InvariantCulture))
        {
            ActiveMacs = _options.Activations == CompressionActivations.None
                ? null
                : ActivationCount.Of(network, _validation, CountedSamples, _cancel).MacsZeroInputsCounted,
        };
    }

    /// <summary>Timed beside the incoming network, so that a busy moment slows both.</summary>
    private double Milliseconds(Network network)
    {
        IReadOnlyList<double> times = ReferenceEquals(network, _network)
            ? NetworkTiming.Milliseconds([network], 1, cancel: _cancel)
            : NetworkTiming.Milliseconds([_network, network], 1, cancel: _cancel);
        return times.Count == 1 ? times[0] : times[1] / times[0] * Baseline.Milliseconds;
    }
}
