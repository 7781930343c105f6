using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Compression.Activations;
using Temper.Compression.Pipeline;
using Temper.Formats.Models;
using Temper.Inference;
using Temper.Networks;
using Temper.Training.Evaluation;

namespace Temper.Cli.Runs;

/// <summary>Measures the compressed network once on the test samples and writes the results.</summary>
internal static class CompressionOutcome
{
    private static readonly int[] Batches = [1, 64];

    /// <summary>Measures and saves the compressed network, writes the report and prints the result.</summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="run">The run.</param>
    /// <param name="found">
    /// The original network, its measurement, the result of the compression and the options used.
    /// </param>
    /// <param name="output">Folder for the network as a model; null: it is saved in the run folder only.</param>
    /// <returns>The exit code.</returns>
    internal static int Finish(
        CommandContext context, RunSession run,
        (Network Start, Measurement Before, CompressionResult Result, CompressionOptions Options) found,
        string? output = null)
    {
        (Network start, Measurement before, CompressionResult result, CompressionOptions options) = found;
        Measurement after = run.Measure("after", result.Network, ModelSource.ResultName);
        CompressionComparison comparison = CompressionComparison.Of(
            start, result.Network, (before.Right, after.Right),
            batch => Times(run, start, result.Network, batch, context.Cancel), Batches)
            .Counted(start, result.Network, run.Data!.Test, context.Cancel);
        AddSections(run, start, comparison, (result, options));
        run.AddCosts(
            [comparison.Before.Macs, comparison.After.Macs],
            [comparison.Before.Milliseconds[1], comparison.After.Milliseconds[1]]);
        if (output is not null)
        {
            ModelFile.Save(run.Saved(result.Network), output, new SaveOptions { Sparse = true });
        }

        int code = run.Finish(after, new JsonObject
        {
            ["before"] = Fields(comparison.Before, before),
            ["after"] = Fields(comparison.After, after),
            ["difference"] = Interval(comparison.Difference),
            ["within_bound"] = result.IsWithinBound,
            ["int8"] = Int8(result),
            ["trials"] = new JsonArray([.. result.Trials.Select(trial => (JsonNode)Fields(trial))]),
            ["remarks"] = new JsonArray([.. result.Remarks.Select(remark => (JsonNode)remark)]),
            ["output"] = output is null ? null : Path.GetFullPath(output),
        });
        if (!result.IsWithinBound)
        {
            Terminal.Error(OutOfBound(result, options));
        }

        return result.IsWithinBound ? code : ExitCode.ThresholdNotMet;
    }

    private static void AddSections(
        RunSession run, Network start, CompressionComparison comparison,
        (CompressionResult Result, CompressionOptions Options) found)
    {
        (CompressionResult result, CompressionOptions options) = found;
        run.Add(comparison.ToSection(result));
        if (result.Quantization is { } quantization)
        {
            run.Add(quantization.ToSection());
        }

        run.Add(CompressionSection.Of(result, options));
        run.Add(CompressionSection.Widths(start, result.Network));
        if (comparison.After.Activations is { } counted && result.Network.Nodes.Any(node => node.Operator is Winners))
        {
            run.Add(WinnersSection.Of(result.Network, counted));
        }
    }

    private static string OutOfBound(CompressionResult result, CompressionOptions options) => result.IsAgreement
        ? string.Create(CultureInfo.InvariantCulture,
            $"compress: no smaller network changes at most {options.MaxAccuracyDrop} % of the predictions; the "
            + $"network found that changes the fewest is kept")
        : string.Create(CultureInfo.InvariantCulture,
            $"compress: no smaller network loses at most {options.MaxAccuracyDrop} points of accuracy on the "
            + $"held-out samples; the most accurate network found is kept");

    /// <summary>
    /// Measures the original network and warns if it appears to have memorized the validation samples: accuracy on them
    /// would then be no guide for the search. Throws if a search that reads no labels, on which it would see this
    /// itself, would start from a network at chance level.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="start">The original network.</param>
    /// <param name="readsLabels">Whether the search measures accuracy on labels.</param>
    /// <param name="isOfTraining">Whether the validation samples are taken from the training set.</param>
    internal static (Measurement Before, string? Warning) MeasureBefore(
        RunSession run, Network start, bool isOfTraining, bool readsLabels = true)
    {
        Measurement before = run.Measure("before", start, "before.safetensors");
        if (!readsLabels && before.Record.TestAccuracy is { } accuracy)
        {
            CompressionChecks.RequireBetterThanChance(accuracy, run.Data!.Test, "test");
        }

        if (!isOfTraining
            || before.Record.TestAccuracy is not { } test || run.Validation is not { Count: > 0 } validation)
        {
            return (before, null);
        }

        string? warning = HeldOutCheck.Warning(
            run.Evaluate(start, validation).Accuracy, validation.Count, test, run.Data!.Test.Count);
        if (warning is null)
        {
            return (before, null);
        }

        warning += " (--validation test:0.5).";
        run.Note($"warning: {warning}");
        return (before, warning);
    }

    /// <summary>
    /// Milliseconds per batch of both networks, measured alternately. A resumed run returns the values measured first.
    /// </summary>
    private static (double Before, double After) Times(
        RunSession run, Network before, Network after, int batch, CancellationToken cancel)
    {
        string chosen = run.Choose("measure", $"milliseconds of batch {batch}", () => string.Join(
            ' ', NetworkTiming.Milliseconds([before, after], batch, cancel: cancel)
                .Select(time => time.ToString("R", CultureInfo.InvariantCulture))));
        double[] times = [.. chosen.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        return (times[0], times[1]);
    }

    private static JsonObject? Int8(CompressionResult result) =>
        result.Quantization is not { } quantization ? null : new()
    {
        ["taken"] = quantization.IsTaken,
        ["accuracy_calibrated"] = quantization.Calibrated,
        ["accuracy_tuned"] = quantization.Tuned,
        ["accuracy"] = quantization.Accuracy,
        ["layers"] = quantization.Int8Layers.Count,
        ["float32_layers"] = new JsonObject(
            [.. quantization.Float32Layers.Select(layer => KeyValuePair.Create(layer.Key, (JsonNode?)layer.Value))]),
    };

    private static JsonObject Fields(ComparedNetwork network, Measurement measured) => new()
    {
        ["accuracy"] = network.Accuracy?.Value,
        ["interval"] = network.Accuracy is { } accuracy ? Interval(accuracy) : null,
        ["weights"] = network.Weights,
        ["macs"] = network.Macs,
        ["activations"] = network.Activations?.Activations,
        ["macs_zero_inputs_counted"] = network.Activations?.MacsZeroInputsCounted,
        ["macs_zero_inputs_skipped"] = network.Activations?.MacsZeroInputsSkipped,
        ["bytes"] = measured.Record.Bytes,
        ["milliseconds"] = new JsonObject([.. network.Milliseconds.Select(time => KeyValuePair.Create(
            time.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)JsonResult.Number(time.Value)))]),
    };

    /// <summary>One trial as JSON; its accuracy is measured on the validation samples.</summary>
    private static JsonObject Fields(CompressionTrial trial) => new()
    {
        ["name"] = trial.Label,
        ["kept"] = trial.Kept,
        ["validation_accuracy"] = trial.Figures.Accuracy,
        ["weights"] = trial.Figures.Weights,
        ["macs"] = trial.Figures.Macs,
        ["bytes"] = trial.Figures.Bytes,
        ["milliseconds"] = JsonResult.Number(trial.Figures.Milliseconds),
        ["within_bound"] = trial.IsWithinBound,
    };

    private static JsonArray Interval(AccuracyInterval? interval) =>
        interval is { } found ? [found.Low, found.High] : [];
}
