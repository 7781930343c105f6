using System.Globalization;
using Temper.Compression.Pruning;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Inference;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>
/// The last stage of a compression: quantization to 8 bits. Chooses ranges on samples, fine-tunes with rounded values,
/// and returns layers to float32 if accuracy or time require it. The quantized network is rejected if it is worse by
/// the goal than its input.
/// </summary>
public sealed class QuantizationStage
{
    private const string Stage = "quantize";

    private const double Slower = CompressionHistory.Slower;

    /// <summary>
    /// Numbers of samples used to measure a layer's effect on the outputs, and to check whether a network can be
    /// quantized.
    /// </summary>
    private const int SensitivitySamples = 64, RequiredSamples = 16;

    private readonly Network _start;
    private readonly CompressionResult _before;
    private readonly Dataset _validation;
    private readonly CompressionOptions _options;
    private readonly QuantizationOptions _quantization;
    private readonly IMethodRun _run;
    private readonly CancellationToken _cancel;
    private readonly Tensor _samples;
    private readonly QuantizationPlan _plan;
    private readonly Dictionary<string, string> _float32 = new(StringComparer.Ordinal);

    private QuantizationStage(
        Network start, CompressionResult before, (Dataset Train, Dataset Validation) data, CompressionOptions options,
        QuantizationOptions quantization, IMethodRun run, CancellationToken cancel)
    {
        (_start, _before, _validation, _options, _quantization, _run, _cancel) =
            (start, before, data.Validation, options, quantization.Validated(), run, cancel);
        RequireLayers(start, options, quantization);
        _samples = CalibrationSplit.Inputs(data.Train, quantization.Samples);
        _plan = QuantizationPlan.Of(
            before.Network, _samples, quantization with { Ignore = [.. quantization.Ignore, .. options.Ignore] });
    }

    /// <summary>Number of fine-tuning epochs: as requested, or as many as time allows.</summary>
    private int Epochs => Math.Min(_quantization.TuneEpochs, _before.LaterEpochs ?? int.MaxValue);

    private string Measure => AnsweredDataset.MeasureOf(_validation);

    /// <summary>Quantizes the result of a compression.</summary>
    /// <param name="start">The original network, used as teacher.</param>
    /// <param name="before">Result of the earlier stages.</param>
    /// <param name="data">Samples for calibration and training, and samples used to choose between networks.</param>
    /// <param name="options">Accuracy bound, goal, and training options.</param>
    /// <param name="quantization">Options of quantization.</param>
    /// <param name="run">Runs the training and records choices.</param>
    /// <param name="cancel">Cancels the stage.</param>
    /// <exception cref="ArgumentException">The network cannot be quantized.</exception>
    public static CompressionResult Run(
        Network start, CompressionResult before, (Dataset Train, Dataset Validation) data, CompressionOptions options,
        QuantizationOptions quantization, IMethodRun run,
        CancellationToken cancel = default) =>
            new QuantizationStage(start, before, data, options, quantization, run, cancel).Run();

    /// <summary>
    /// Quantizes without training and without labels. <see cref="CompressionOptions.MaxAccuracyDrop"/> limits the
    /// percentage of samples whose predicted class differs from that of the original network.
    /// </summary>
    /// <inheritdoc cref="Run(Network, CompressionResult, ValueTuple{Dataset, Dataset}, CompressionOptions,
    /// QuantizationOptions, IMethodRun, CancellationToken)"/>
    /// <param name="start">The original network.</param>
    /// <param name="before">Result of the earlier stages.</param>
    /// <param name="samples">
    /// Samples; some are used to choose ranges, others to compare predictions.
    /// </param>
    /// <param name="options">Accuracy bound and goal.</param>
    /// <param name="quantization">Options of quantization; nothing is trained.</param>
    /// <param name="run">Records choices.</param>
    /// <param name="cancel">Cancels the stage.</param>
    public static CompressionResult Calibrate(
        Network start, CompressionResult before, Dataset samples, CompressionOptions options,
        QuantizationOptions quantization, IMethodRun run, CancellationToken cancel = default)
    {
        (Dataset fitting, Dataset others) =
            CalibrationSplit.Of(samples, Math.Min(quantization.Samples, samples.Count / 2));
        Dataset compared = AnsweredDataset.Of(start, others, cancel);
        return Run(start, before, (fitting, compared), options, quantization with { TuneEpochs = 0 }, run, cancel);
    }

    /// <summary>Throws if a network cannot be quantized; call it before any training.</summary>
    /// <param name="start">The original network.</param>
    /// <param name="samples">Calibration samples, of which a few are run.</param>
    /// <param name="options">Options whose ignored layers are not quantized.</param>
    /// <param name="quantization">Options of quantization.</param>
    /// <exception cref="ArgumentException">
    /// The network is quantized already, has no layer that can be quantized, or has values that are not finite; or an
    /// ignored name matches no layer with weights.
    /// </exception>
    public static void Require(
        Network start, Dataset samples, CompressionOptions options, QuantizationOptions quantization)
    {
        RequireLayers(start, options, quantization.Validated());
        _ = QuantizationPlan.Of(
            start, samples.Read(0, Math.Min(RequiredSamples, samples.Count)).Inputs,
            quantization with { Ignore = [.. quantization.Ignore, .. options.Ignore] });
    }

    /// <summary>
    /// Throws if an ignored name matches no layer of the original network; earlier stages may have removed layers.
    /// </summary>
    private static void RequireLayers(Network start, CompressionOptions options, QuantizationOptions quantization) =>
        _ = NetworkPruning.Ignored(start, [.. quantization.Ignore, .. options.Ignore], Stage);

    private CompressionResult Run()
    {
        if (!_before.IsWithinBound)
        {
            return _before with { Remarks = [.. _before.Remarks, "Nothing was quantized, because no network was within "
                + "the bound."] };
        }

        Network network = QuantizationPlan.WithRoundedWeights(_plan.Apply(_plan.Layers));
        double calibrated = Accuracy(network), accuracy = calibrated;
        double? tuned = null;
        _run.Note(string.Create(CultureInfo.InvariantCulture,
            $"{Stage}: {Measure} {calibrated * 100:F2} % with ranges from "
            + $"{_samples.Shape[0]} samples"));
        Network weights = _plan.Network;
        if (Epochs > 0)
        {
            TrainingResult result = _run.Fit(Stage, _plan.Apply(_plan.Layers), Training());
            Network rounded = QuantizationPlan.WithRoundedWeights(result.Network);
            tuned = Accuracy(rounded);
            (network, accuracy, weights) =
                tuned > calibrated ? (rounded, tuned.Value, result.Network) : (network, accuracy, weights);
        }

        (network, accuracy) = Repaired(network, accuracy, weights);
        network = Faster(network, weights, ref accuracy);
        return Chosen(network, accuracy, (calibrated, tuned));
    }

    /// <summary>
    /// Returns layers to float32 until the accuracy is within the bound, starting with those that change the outputs
    /// most.
    /// </summary>
    private (Network Network, double Accuracy) Repaired(Network network, double accuracy, Network weights)
    {
        if (IsWithinBound(accuracy))
        {
            return (network, accuracy);
        }

        Tensor few = _samples.Slice(0, 0, Math.Min(SensitivitySamples, _samples.Shape[0]));
        IReadOnlyDictionary<string, double> sensitivity = _plan.Sensitivity([.. _plan.Layers], weights, few);
        foreach (string layer in sensitivity.OrderByDescending(pair => pair.Value).Select(pair => pair.Key).SkipLast(1))
        {
            _cancel.ThrowIfCancellationRequested();
            _float32[layer] = "accuracy";
            network = QuantizationPlan.WithRoundedWeights(_plan.Apply(Int8Layers(), weights));
            accuracy = Accuracy(network);
            if (IsWithinBound(accuracy))
            {
                break;
            }
        }

        return (network, accuracy);
    }

    /// <summary>
    /// Returns layers to float32 that are slower in 8 bits, if that makes the whole network faster. Does nothing if the
    /// goal is the file size.
    /// </summary>
    private Network Faster(Network network, Network weights, ref double accuracy)
    {
        if (_options.Goal == CompressionGoal.Bytes)
        {
            return network;
        }

        string[] slow = _run.Choose(Stage, "slow layers", () => string.Join(' ', SlowLayers(network)))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (slow.Length == 0 || slow.Length == Int8Layers().Length)
        {
            return network;
        }

        Network mixed = QuantizationPlan.WithRoundedWeights(
            _plan.Apply(Int8Layers().Except(slow, StringComparer.Ordinal), weights));
        double found = Accuracy(mixed);
        if (!IsWithinBound(found) || !IsFaster("float32 for slow layers", network, mixed))
        {
            return network;
        }

        Array.ForEach(slow, layer => _float32[layer] = "time");
        accuracy = found;
        return mixed;
    }

    private IEnumerable<string> SlowLayers(Network network)
    {
        Dictionary<string, double> before = LayerSeconds(_plan.Network), after = LayerSeconds(network);
        return Int8Layers()
            .Where(layer => before.ContainsKey(layer) && after.GetValueOrDefault(layer) > Slower * before[layer]);
    }

    private Dictionary<string, double> LayerSeconds(Network network)
    {
        _cancel.ThrowIfCancellationRequested();
        using CompiledNetwork compiled = CompiledNetwork.Compile(network);
        return compiled.Explain(1, TimeSpan.FromSeconds(0.2)).Steps.Where(step => step.Name.Length > 0)
            .GroupBy(step => step.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(step => step.Seconds ?? 0), StringComparer.Ordinal);
    }

    private bool IsFaster(string name, Network one, Network other) => _run.Decide(Stage, name, () =>
    {
        IReadOnlyList<double> times = NetworkTiming.Milliseconds([one, other], 1, cancel: _cancel);
        return times[1] < times[0];
    });

    /// <summary>
    /// Accepts the quantized network if its accuracy is within the bound and it is not worse by the goal.
    /// </summary>
    private CompressionResult Chosen(Network network, double accuracy, (double Calibrated, double? Tuned) found)
    {
        double slower = _run.Measure(Stage, "time beside float32", () =>
        {
            IReadOnlyList<double> times = NetworkTiming.Milliseconds([_before.Network, network], 1, cancel: _cancel);
            return times[1] / times[0];
        });
        NetworkFigures last = _before.Chosen?.Figures ?? _before.Before;
        NetworkFigures figures = last with
        {
            Accuracy = accuracy, Weights = SparsityReport.Of(network).Nonzero, Macs = network.Cost().NonzeroMacs,
            Bytes = NetworkSize.Bytes(network), Milliseconds = last.Milliseconds * slower,
        };
        string? reason = !IsWithinBound(accuracy)
            ? _before.IsAgreement ? "changes more predictions than allowed" : "loses more accuracy than allowed"
            : figures[_options.Goal] > Slower * last[_options.Goal] ? Worse(_options.Goal)
            : null;
        var outcome =
            new QuantizationOutcome(found.Calibrated, found.Tuned, accuracy, Int8Layers(), _float32, reason is null)
            {
                IsAgreement = _before.IsAgreement,
            };
        _run.Note(string.Create(CultureInfo.InvariantCulture,
            $"{Stage}: {Measure} {accuracy * 100:F2} %, {outcome.Int8Layers.Count} layers in 8 bits, "
            + $"{outcome.Float32Layers.Count} in float32, {figures.Bytes:N0} bytes, {figures.Milliseconds:F3} "
            + $"ms{(reason is null ? "" : $"; rejected, because it {reason}")}"));
        return reason is null
            ? _before with { Network = network, Quantization = outcome, IsWithinBound = true }
            : _before with
            {
                Quantization = outcome,
                Remarks = [.. _before.Remarks, $"The 8-bit network {reason}, so the float32 network is kept."],
            };
    }

    private static string Worse(CompressionGoal goal) => goal switch
    {
        CompressionGoal.Macs => "needs more multiply-accumulates",
        CompressionGoal.Weights => "has more nonzero weights",
        CompressionGoal.Bytes => "takes more bytes",
        _ => "is slower on this processor",
    };

    private bool IsWithinBound(double accuracy) => _options.IsWithinBound(accuracy, _before.Before.Accuracy);

    private string[] Int8Layers() => [.. _plan.Layers.Where(layer => !_float32.ContainsKey(layer))];

    private double Accuracy(Network network) => _run.Evaluate(network, _validation, _cancel).Accuracy;

    private TrainingOptions Training()
    {
        const ulong StageOfSeed = 2;
        TrainingOptions training = StageTraining.Of(_options, _start, Epochs, StageOfSeed);
        return training with
        {
            Optimizer =
                training.Optimizer with { LearningRate = training.Optimizer.LearningRate * _quantization.TuneRate },
        };
    }
}
