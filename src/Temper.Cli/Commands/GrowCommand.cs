using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Growth;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper grow</c>: finds the depth of a network by growing it (AutoGrow). It starts from a family with one block
/// per stage, or from the user's network and grows its repeated blocks.
/// </summary>
internal sealed class GrowCommand() : RunCommand(
    "grow", "Find the depth of a network by growing it block by block, within limits such as --max-time")
{
    /// <summary>A model with weights; <see cref="ModelSource.Setting"/> would also offer names of networks.</summary>
    private static readonly Setting<string?> Model = Setting.Positional(
        "model", "An .onnx, .safetensors or PyTorch file with weights, or a model or run folder; for a new network use "
            + GrowthSettings.Family.Flag);

    internal override bool SharesWork => true;

    internal override IReadOnlyList<Setting> Settings { get; } =
    [
        Model, ModelSource.Architecture, ModelSource.Size, RunSettings.Data, .. Preprocessing.Settings,
        .. GrowthSettings.All, RunSettings.Plan, .. RankSettings.All,
        .. RunSettings.All,
    ];

    private protected override int Execute(CommandContext context)
    {
        using RankJob job = RankJob.Open(context, Name);
        return job.Run(ranks => Execute(context, ranks));
    }

    /// <summary>Runs the growth: all ranks grow the same network; rank 0 keeps the records.</summary>
    private int Execute(CommandContext context, RankJob ranks)
    {
        string? model = context.Get(Model), family = context.Get(GrowthSettings.Family),
            output = context.Get(GrowthSettings.Output);
        RequireSource(model, family);
        RequireFree(context, output);
        GrowthOptions options = GrowthSettings.Options(context);
        DataSets data = OpenData(context, model);
        RandomStream weights = RandomStream.FromSeed(context.Get(RunSettings.Seed)).Split("weights");
        (Network? given, GrowableNetwork seed, data) =
            model is null ? OfFamily(context, family!, data, weights) : OfModel(context, model, data);
        DataChecks.RequireToTrain(context, seed.Network, data);
        AutoGrow.RequireInitializer(seed, options);
        bool hasShortcuts = seed.Stages.Any(stage => stage.IsResidual);
        TrainingOptions training = GrowthSettings.Training(context, hasShortcuts);
        training = ranks.SharedGrowth(seed.Network, training);
        string name = family ?? model!;
        if (!ranks.IsFirst)
        {
            var followed = new FollowedGrowth(ranks, DataSplit.Of(context, data), context.Time);
            Follow(context, followed, (seed, options, training));
            return ExitCode.Success;
        }

        using RunSession run = Start(context, name, (given, seed), data);
        if (given is not null)
        {
            run.Measure("before", seed.Network, "before.safetensors");
        }

        var stages = new SessionGrowth(run, ranks);
        GrowthResult result = AutoGrow.Run(seed, options, training, stages, stages.Report);
        JsonObject? scratch =
            context.Get(GrowthSettings.Compare) ? Compared(run, FromScratch(context, stages, result, training)) : null;
        Measurement measured = run.Measure("grown", result.Network.Network, ModelSource.ResultName);
        run.Add(GrowthSection.Of(result.Record));
        if (output is not null)
        {
            ModelFile.Save(run.Saved(result.Network.Network), output);
        }

        JsonObject fields = SessionGrowth.ToJson(result, measured.Record.TestAccuracy);
        fields["output"] = output is null ? null : Path.GetFullPath(output);
        fields["scratch"] = scratch;
        run.Note($"found {result.Network} (grown to {string.Join('-', result.Grown)}) in "
            + $"{result.Record.Seconds:F0} s");
        return run.Finish(measured, fields);
    }

    private static DataSets OpenData(CommandContext context, string? model)
    {
        if (model is not null)
        {
            RunSettings.RequireData(context, model);
        }

        return DataChoice.Open(context, context.Get(RunSettings.Data));
    }

    /// <summary>Takes part in the growth that the first rank leads and records.</summary>
    private static void Follow(
        CommandContext context, FollowedGrowth stages,
        (GrowableNetwork Seed, GrowthOptions Options, TrainingOptions Training) growth)
    {
        GrowthResult result = AutoGrow.Run(growth.Seed, growth.Options, growth.Training, stages);
        if (context.Get(GrowthSettings.Compare))
        {
            FromScratch(context, stages, result, growth.Training);
        }
    }

    private RunSession Start(
        CommandContext context, string name, (Network? Given, GrowableNetwork Grows) seed, DataSets data)
    {
        string source = context.Get(RunSettings.Data);
        var run = new RunSession(
            context,
            new RunDescription(Name, name, source)
            {
                Title = $"{name} grown on {source}", PlansTime = true,
                Start = seed.Given is null ? null : seed.Grows.Network, Given = seed.Given,
            }, data);
        run.Note($"{name}: from {seed.Grows}; {source}: {run.Train!.Count:N0} training samples, "
            + $"{run.Validation!.Count:N0} held out for validation, seed {run.Seed}");
        return run;
    }

    /// <summary>Trains the found network from new random weights, as a baseline for growing.</summary>
    private static (TrainingResult Result, double Seconds) FromScratch(
        CommandContext context, IMethodRun stages, GrowthResult result, TrainingOptions training)
    {
        RandomStream weights = RandomStream.FromSeed(context.Get(RunSettings.Seed)).Split("scratch");
        return AutoGrow.FromScratch(result, training, weights, stages);
    }

    private static JsonObject Compared(RunSession run, (TrainingResult Result, double Seconds) scratch)
    {
        Measurement measured = run.Measure("from scratch", scratch.Result.Network, "scratch.safetensors");
        return new JsonObject
        {
            ["accuracy"] = measured.Record.TestAccuracy, ["epochs"] = scratch.Result.History.Count,
            ["seconds"] = Math.Round(scratch.Seconds, 3),
        };
    }

    private static (Network? Given, GrowableNetwork Seed, DataSets Data) OfFamily(
        CommandContext context, string name, DataSets data, RandomStream weights)
    {
        Preprocessing.RequireUnusedForNew(context, name);
        data = DataForModel.ForNew(context, Preprocessing.OptionsOf(context), data);
        StagedFamily family = StagedFamily.ByName(name);
        int stages = family.Widths.Count;
        int[]? widths = OfStages(context, GrowthSettings.Widths, name, stages),
            depths = OfStages(context, GrowthSettings.Depths, name, stages);
        family = widths is null ? family : family with { Widths = widths };
        var seed = GrowableNetwork.Of(
            family, depths ?? [.. Enumerable.Repeat(1, stages)],
            ModelSource.OptionsFor(data.Train, context.Get(ModelSource.Normalize)));
        return (null, seed.With(seed.Network.Initialize(weights).WithClassNames(data.Train.ClassNames)), data);
    }

    /// <summary>Reads a setting with one number for each stage of a family; null: not given.</summary>
    private static int[]? OfStages(CommandContext context, Setting<int[]?> setting, string family, int stages)
    {
        int[]? numbers = context.Get(setting);
        return numbers is null || numbers.Length == stages
            ? numbers
            : throw ToolException.Usage(
                $"{setting.Flag}: {family} has {stages} stages (got {numbers.Length} {setting.Name})");
    }

    private static (Network? Given, GrowableNetwork Seed, DataSets Data) OfModel(
        CommandContext context, string model, DataSets data)
    {
        if (context.Get(GrowthSettings.Widths) is not null || context.Get(GrowthSettings.Depths) is not null)
        {
            throw ToolException.Usage($"grow: {GrowthSettings.Widths.Flag} and {GrowthSettings.Depths.Flag} apply "
                + $"only to {GrowthSettings.Family.Flag}; {model} fixes its own widths and depths");
        }

        ModelSource.RefuseUnused(context, model);
        (Network network, data) = DataForModel.Open(
            context, Preprocessing.OptionsOf(context), data,
            options => ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        network = Preprocessing.Apply(context, network, data.Train.SampleShape);
        network.Batch.RequireFree($"grow: {model}");
        return (network, GrowableNetwork.Find(FinalSoftmax.RemovedToTrain(context, model, network)), data);
    }

    /// <summary>Throws unless there is either a model with weights or a family to grow.</summary>
    private static void RequireSource(string? model, string? family)
    {
        if ((model is null) == (family is null))
        {
            throw ToolException.Usage("grow: give either a model to grow or --family; see --help");
        }

        if (model is not null && !ModelSource.IsStored(model))
        {
            throw ToolException.Usage(
                $"grow: no such model (got '{model}', expected a file or run folder with weights); for a new network "
                + $"use {GrowthSettings.Family.Flag} with one of {string.Join(", ", StagedFamily.Names)}");
        }
    }

    /// <summary>
    /// Throws if the output has the name of another format or exists, before any work starts. A resumed run may have
    /// written it itself.
    /// </summary>
    private static void RequireFree(CommandContext context, string? output)
    {
        if (output is null)
        {
            return;
        }

        ModelTarget.Require("grow", output, writesOnnx: false);
        if (Path.Exists(output) && !context.Get(GrowthSettings.Force) && context.Get(RunSettings.Resume) is null)
        {
            throw ToolException.Usage($"grow: {output} already exists; choose another name, or overwrite it with "
                + $"{GrowthSettings.Force.Flag}");
        }
    }
}
