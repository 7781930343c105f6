using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Privacy.Morphing;
using Temper.Training.Evaluation;

namespace Temper.Cli.Commands;

/// <summary>Measures a trained network on samples.</summary>
internal sealed class EvalCommand() : ToolCommand("eval", "Measure a trained network: accuracy, loss, and each class")
{
    private static readonly Setting<string> Part = Setting.Choice("part", "Samples to use: test or train", "test", "test", "train");

    private static readonly Setting<int> Batch = Setting.Integer("batch", "Samples at a time", usual: 256);

    private static readonly Setting<string?> KeyFile = Setting.OptionalText(
        "morph-key", "Key file: samples are morphed before the network sees them, for one that was trained on morphed data");

    internal override IReadOnlyList<Setting> Settings { get; } =
        [ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, .. Preprocessing.Settings, RunSettings.Data, Part, Batch, KeyFile, MorphSettings.PasswordFile, RunSettings.FailBelow];

    internal override int Run(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        ModelSource.RequireTrained(model);
        DataSets data = DataChoice.Open(context, source);
        Dataset samples = context.Get(Part) is "test" ? data.Test : data.Train;
        Network network = ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), ModelSource.ImportOptions(context, samples.SampleShape));
        network = Preprocessing.Apply(context, network, samples.SampleShape);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        samples = Morphed(context, samples);
        EvaluationResult found = Evaluator.Evaluate(network, samples, loss: null, context.Get(Batch), context.Cancel);
        if (context.IsJson)
        {
            JsonResult.Write(Name, Fields(model, source, found, samples.ClassNames));
            return Threshold.Check(context, found.Accuracy);
        }

        var table = new ResultTable($"{model} on {found.Count:N0} {context.Get(Part)} samples of {source}", "class", "#found", "#right when said");
        for (int i = 0; i < found.Confusion!.Classes; i++)
        {
            table.Row(ClassName(samples.ClassNames, i), $"{found.Confusion.Recall(i) * 100:F2} %", $"{found.Confusion.Precision(i) * 100:F2} %");
        }

        table.Write(context.Terminal);
        Console.Out.WriteLine($"accuracy {found.Accuracy * 100:F2} %, loss {found.Loss:F4}");
        return Threshold.Check(context, found.Accuracy);
    }

    private static Dataset Morphed(CommandContext context, Dataset samples)
    {
        if (context.Get(KeyFile) is not { } path)
        {
            return samples;
        }

        using MorphKey key = MorphSettings.OpenKey(context, path);
        return new MorphingDataset(samples, new Morpher(key));
    }

    private static JsonObject Fields(string model, string source, EvaluationResult found, IReadOnlyList<string> classes) => new()
    {
        ["model"] = model,
        ["data"] = source,
        ["count"] = found.Count,
        ["accuracy"] = JsonResult.Number(found.Accuracy),
        ["loss"] = JsonResult.Number(found.Loss),
        ["classes"] = new JsonArray([.. Enumerable.Range(0, found.Confusion!.Classes).Select(i => (JsonNode)new JsonObject
        {
            ["name"] = ClassName(classes, i),
            ["recall"] = JsonResult.Number(found.Confusion.Recall(i)),
            ["precision"] = JsonResult.Number(found.Confusion.Precision(i)),
        })]),
    };

    private static string ClassName(IReadOnlyList<string> names, int index) => index < names.Count ? names[index] : $"{index}";
}
