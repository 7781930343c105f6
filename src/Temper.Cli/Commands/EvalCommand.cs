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
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper eval</c>: measures accuracy and loss of a trained network.</summary>
internal sealed class EvalCommand() : ToolCommand("eval", "Measure a trained network: accuracy, loss, and each class")
{
    private static readonly Setting<string> Part =
        Setting.Choice("part", "Samples to use: test or train", "test", "test", "train");

    private static readonly Setting<int> Batch =
        Setting.Integer("batch", "Samples per batch", defaultValue: 256, aliases: "--batch-size");

    private static readonly Setting<string?> KeyFile = Setting.OptionalText(
        "morph-key",
        "Key file, for a network that was trained on morphed data: samples are morphed with it first");

    private static readonly Setting<string?> Source = Setting.OptionalText(
        "data", "A known set, a path, a bundle of morphed rows, or synth:shapes; see 'temper data list' [default: the "
            + "data of the run that made the model]");

    internal override bool SharesWork => true;

    internal override IReadOnlyList<string> Examples =>
    [
        "eval runs/train-mnist-1-...",
        "eval model.onnx --data images/ --normalize 0.485,0.456,0.406/0.229,0.224,0.225",
    ];

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, Source, .. Preprocessing.Settings, Part,
            Batch, KeyFile, MorphSettings.PasswordFile, RunSettings.FailBelow,
        ];

    internal override int Run(CommandContext context)
    {
        using RankGroup ranks = RankGroup.Open();
        return ranks.Run(() => Run(context, ranks));
    }

    private int Run(CommandContext context, RankGroup ranks)
    {
        string model = context.Require(ModelSource.Setting);
        ModelSource.RequireTrained(model);
        ModelSource.RefuseUnused(context, model);
        (string source, FitOptions fit, string? validation) = DataOf(context, model);
        MorphBundle? bundle = Bundle(context, source);
        DataSets data = bundle?.OpenData() ?? DataChoice.Open(context, source, tells: false);
        Dataset samples = PartOf(context, (source, validation), data);
        (Network network, DataSets fitted) = DataForModel.Open(
            context, fit, data with { Train = samples, Test = samples },
            options => ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        samples = fitted.Test;
        network = Preprocessing.Apply(context, network, samples.SampleShape);
        network.Batch.RequireApart($"eval: {model}");
        DataChecks.RequireClasses(network, samples);
        DataChecks.RequireLabels(network, samples, context.Get(Part));
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        samples = Morphed(context, network, samples, bundle);
        EvaluationResult found = Evaluator.Evaluate(
            FinalSoftmax.Removed(network), samples, loss: null, ranks.Samples, context.Get(Batch), context.Cancel);
        if (!ranks.IsFirst)
        {
            return ExitCode.Success;
        }

        Tell(context, found);
        IReadOnlyList<string> classes = ClassLabels.Of(network, samples, found.Confusion!.Classes);
        if (context.IsJson)
        {
            JsonObject fields = Fields(model, source, found, classes);
            fields["part"] = context.Get(Part);
            fields["unused"] = DataChoice.ToJson(data.Unused);
            JsonResult.Write(Name, fields);
            return Threshold.Check(context, found.Accuracy);
        }

        var table = new ResultTable($"{model} on "
            + $"{Plural.Of(found.Count, $"{context.Get(Part)} sample")} of {source}", "class", "#recall", "#precision");
        WriteTable(context, table, found, (classes, data.Unused));
        return Threshold.Check(context, found.Accuracy);
    }

    /// <summary>Prints what is odd about the result.</summary>
    private static void Tell(CommandContext context, EvaluationResult found)
    {
        if (found.Confusion!.Unanswered is > 0 and var unanswered)
        {
            context.Terminal.Note($"warning: {unanswered:N0} of {found.Count:N0} samples have outputs that are not "
                + "numbers; they count as wrong");
        }

        if (IsAtChance(found.Accuracy, found.Confusion.Classes))
        {
            context.Terminal.Note($"hint: the accuracy is no better than chance (1 of {found.Confusion.Classes}): the "
                + "order of the classes, the normalization or the labels may differ from those of the training");
        }
    }

    /// <summary>Whether guessing would be at least as accurate.</summary>
    internal static bool IsAtChance(double accuracy, int classes) => classes > 1 && accuracy <= 1.0 / classes;

    private static void WriteTable(
        CommandContext context, ResultTable table, EvaluationResult found,
        (IReadOnlyList<string> Classes, IReadOnlyList<UnusedSamples> Unused) samples)
    {
        for (int i = 0; i < samples.Classes.Count; i++)
        {
            table.Row(samples.Classes[i], Percent(found.Confusion!.Recall(i)), Percent(found.Confusion.Precision(i)));
        }

        table.Write(context.Terminal);
        foreach (UnusedSamples unused in samples.Unused)
        {
            Console.Out.WriteLine($"not used: {unused.Name}: {unused.Reason}");
        }

        Console.Out.WriteLine($"accuracy {found.Accuracy * 100:F2} %, loss {found.Loss:F4}");
    }

    /// <summary>
    /// The bundle whose rows are the data; null: the data are a set. Throws if a key is given for rows that are morphed
    /// already.
    /// </summary>
    private static MorphBundle? Bundle(CommandContext context, string source)
    {
        if (!MorphBundle.IsBundle(source))
        {
            return null;
        }

        context.RefuseUnused($"the morphed rows of {source}", [KeyFile]);
        return MorphBundle.Open(source);
    }

    /// <summary>
    /// Morphs the samples with the key that was given; rows of a bundle are morphed already. Throws if the network was
    /// trained on rows of another key.
    /// </summary>
    private static Dataset Morphed(CommandContext context, Network network, Dataset samples, MorphBundle? bundle)
    {
        if (bundle is not null)
        {
            RequireKey(network, bundle.KeyId, "data");
            return samples;
        }

        if (context.Get(KeyFile) is not { } path)
        {
            MorphedRows.Warn(context, network, $"give the owner's key with {KeyFile.Flag}");
            return samples;
        }

        using MorphKey key = MorphSettings.OpenKey(context, path);
        RequireKey(network, key.Id, KeyFile.Flag);
        return new MorphingDataset(samples, new Morpher(key));
    }

    private static void RequireKey(Network network, string key, string origin)
    {
        if (MorphedRows.LayerOf(network)?.Key is { } expected
            && !string.Equals(expected, key, StringComparison.Ordinal))
        {
            throw ToolException.Usage($"eval: {origin}: the network was trained on rows of another key (got key "
                + $"{key}, expected {expected}); give the {(origin is "data" ? "bundle" : "key")} of its rows");
        }
    }

    /// <summary>
    /// The data to measure on: <c>--data</c> if given, else the data of the run that made the model, with the run's
    /// choice of validation samples; throws if there is neither.
    /// </summary>
    private static (string Source, FitOptions Fit, string? Validation) DataOf(CommandContext context, string model)
    {
        FitOptions asked = Preprocessing.OptionsOf(context);
        if (context.Get(Source) is { } source)
        {
            return (source, asked, null);
        }

        RunData? run = RunData.Of(model);
        if (run?.Source is not { } own)
        {
            // A damaged model file is reported first: giving other data would not help.
            if (!ModelReading.IsOnnx(model))
            {
                ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture));
            }

            throw ToolException.Usage($"eval: --data is missing; {model} "
                + $"{(run is null ? "does not belong to a run" : "belongs to a run without data")}");
        }

        if (run.Agent is { } agent)
        {
            throw ToolException.Usage($"eval: {model} is an agent, which has no accuracy (got an agent trained in "
                + $"{own}, expected a classifier); play with it: temper rl play --env {own} --agent {agent}");
        }

        context.Terminal.Note($"data: {own}, of the run that made the model");
        FitOptions fit = run.Fit with { Scaling = asked.Scaling ?? run.Fit.Scaling, Size = asked.Size ?? run.Fit.Size };
        return (own, asked.Layout is "auto" ? fit : fit with { Layout = asked.Layout }, run.Validation);
    }

    /// <summary>
    /// The samples to measure on. Test samples that chose the network of a run would flatter it and are left out.
    /// </summary>
    private static Dataset PartOf(CommandContext context, (string Data, string? Validation) source, DataSets data)
    {
        bool isTest = context.Get(Part) is "test";
        Dataset samples = isTest ? data.Test : data.Train;
        if (isTest && source.Validation is { } validation)
        {
            samples = CompressionSettings.WithoutChoosing(validation, data.Test);
            int chose = data.Test.Count - samples.Count;
            if (chose > 0)
            {
                context.Terminal.Note($"data: {chose:N0} of {data.Test.Count:N0} test samples are left out, because "
                    + $"the run chose its network on them (--validation {validation})");
            }
        }

        return samples.Count > 0 ? samples : throw new ToolException(
            ExitCode.BadInput, $"eval: there are no {context.Get(Part)} samples in {source.Data} (got 0, expected 1 or "
                + $"more); --part {(isTest ? "train" : "test")} selects the other samples");
    }

    private static string Percent(double part) => double.IsNaN(part) ? "-" : $"{part * 100:F2} %";

    private static JsonObject Fields(
        string model, string source, EvaluationResult found, IReadOnlyList<string> classes) => new()
    {
        ["model"] = model,
        ["data"] = source,
        ["count"] = found.Count,
        ["accuracy"] = JsonResult.Number(found.Accuracy),
        ["loss"] = JsonResult.Number(found.Loss),
        ["classes"] = new JsonArray([.. Enumerable.Range(0, classes.Count).Select(i => (JsonNode)new JsonObject
        {
            ["name"] = classes[i],
            ["recall"] = JsonResult.Number(found.Confusion!.Recall(i)),
            ["precision"] = JsonResult.Number(found.Confusion.Precision(i)),
        })]),
    };
}
