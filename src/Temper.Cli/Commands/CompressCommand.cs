using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Cli.Commands;

/// <summary>Makes a trained network small and fast within a bound on accuracy.</summary>
internal sealed class CompressCommand() : RunCommand("compress", "Make a trained network small and fast within a bound on accuracy")
{
    private static readonly int[] Batches = [1, 64];

    internal override IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, RunSettings.Data, .. Preprocessing.Settings, .. CompressionSettings.All, .. TrainingSettings.All,
        .. RunSettings.All.Where(setting => setting != RunSettings.Validation),
    ];

    private protected override int Execute(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        DataSets data = DataChoice.Open(context, source);
        (Network start, data) = Start(context, model, data);
        DataChecks.RequireToTrain(context, start, data);
        TrainingOptions training = TrainingSettings.Options(context);
        CompressionOptions options = CompressionSettings.Options(context, training);
        using var run = new RunSession(
            context,
            new RunDescription(Name, model, source)
            {
                Title = $"{model} made small on {source}", PlansForTime = true, Split = sets => CompressionSettings.Split(context, sets),
            },
            data);
        if (!ModelSource.IsStored(model))
        {
            run.Note($"train: {model} from random weights, {training.Epochs} epochs");
            start = run.Fit("train", start, training).Network;
        }

        CompressionResult result = context.Get(CompressionSettings.Calibrate) is > 0 and var count
            ? CompressionPipeline.Calibrate(start, run.Train!, count, options, new SessionRun(run), context.Cancel)
            : CompressionPipeline.Run(start, run.Validation!, options, new SessionRun(run), context.Time, context.Cancel);
        return Finish(context, run, (start, result, options));
    }

    /// <summary>The network to compress, trained or of the zoo, and the data as it takes them.</summary>
    private static (Network Network, DataSets Data) Start(CommandContext context, string model, DataSets data)
    {
        FitOptions fit = Preprocessing.OptionsOf(context);
        if (!ModelSource.IsStored(model))
        {
            Preprocessing.RequireUnusedForNew(context, model);
            data = DataForModel.ForNew(context, fit, data);
            return (ModelSource.New(model, data.Train, context.Get(ModelSource.Normalize), Randomness.RandomStream.FromSeed(context.Get(RunSettings.Seed)).Split("weights")), data);
        }

        (Network network, data) = DataForModel.Open(context, fit, data, options => ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        return (Preprocessing.Apply(context, network, data.Train.SampleShape), data);
    }

    private static int Finish(CommandContext context, RunSession run, (Network Start, CompressionResult Result, CompressionOptions Options) found)
    {
        (Network start, CompressionResult result, CompressionOptions options) = found;
        Measurement before = run.Measure("before", start, "before.safetensors"), after = run.Measure("after", result.Network, ModelSource.ResultName);
        CompressionComparison comparison = CompressionComparison.Of(start, result.Network, run.Data!.Test, batch => Times(run, start, result.Network, batch, context.Cancel), Batches);
        run.Add(comparison.ToSection(result));
        run.Add(CompressionSection.Of(result, options));
        run.Add(CompressionSection.Widths(start, result.Network));
        string? output = context.Get(CompressionSettings.Output);
        if (output is not null)
        {
            ModelFile.Save(result.Network, output, new SaveOptions { Sparse = true });
        }

        int code = run.Finish(after, new JsonObject
        {
            ["before"] = Fields(comparison.Before, before),
            ["after"] = Fields(comparison.After, after),
            ["difference"] = Interval(comparison.Difference),
            ["within_bound"] = result.IsWithinBound,
            ["remarks"] = new JsonArray([.. result.Remarks.Select(remark => (JsonNode)remark)]),
            ["output"] = output is null ? null : Path.GetFullPath(output),
        });
        if (!result.IsWithinBound)
        {
            Terminal.Error(string.Create(CultureInfo.InvariantCulture,
                $"compress: nothing smaller loses at most {options.MaxAccuracyDrop} points of the held-out samples' accuracy; the most accurate network that was found is kept"));
        }

        return result.IsWithinBound ? code : ExitCode.ThresholdNotMet;
    }

    /// <summary>Milliseconds of a batch before and after, taken in turns; a resumed run gives those it gave first.</summary>
    private static (double Before, double After) Times(RunSession run, Network before, Network after, int batch, CancellationToken cancel)
    {
        string chosen = run.Choose("measure", $"milliseconds of batch {batch}", () => string.Join(
            ' ', NetworkTiming.Milliseconds([before, after], batch, cancel: cancel).Select(time => time.ToString("R", CultureInfo.InvariantCulture))));
        double[] times = [.. chosen.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        return (times[0], times[1]);
    }

    private static JsonObject Fields(ComparedNetwork network, Measurement measured) => new()
    {
        ["accuracy"] = network.Accuracy?.Value,
        ["interval"] = network.Accuracy is { } accuracy ? Interval(accuracy) : null,
        ["weights"] = network.Weights,
        ["macs"] = network.Macs,
        ["bytes"] = measured.Record.Bytes,
        ["milliseconds"] = new JsonObject([.. network.Milliseconds.Select(time => KeyValuePair.Create(
            time.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)JsonResult.Number(time.Value)))]),
    };

    private static JsonArray Interval(AccuracyInterval? interval) => interval is { } found ? [found.Low, found.High] : [];

    /// <summary>Stages of the run folder, with progress and checkpoints.</summary>
    private sealed class SessionRun(RunSession run) : ICompressionRun
    {
        public int TrainCount => run.Train!.Count;

        public TrainingResult Fit(string stage, Network network, TrainingOptions options) => run.Fit(stage, network, options);

        public string Choose(string stage, string name, Func<string> choose) => run.Choose(stage, name, choose);

        public void Note(string line) => run.Note(line);
    }
}
