using Temper.Cli.CommandLine;
using Temper.Cli.Hardening;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Networks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Cli.Commands;

/// <summary><c>temper harden</c>: makes a network more robust by feedback learning, or by a baseline defense.</summary>
internal sealed class HardenCommand() : RunCommand("harden", "Make a network more robust: find classes and "
    + "directions in which samples lie close to the decision boundary, and train on examples made there (feedback "
    + "learning)")
{
    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, RunSettings.Data, .. Preprocessing.Settings,
        .. HardenSettings.All,
        .. TrainingSettings.All, .. RunSettings.All,
    ];

    private protected override int Execute(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        HardenSettings.RequireOwn(context);
        if (ModelSource.IsStored(model))
        {
            HardenSettings.RequireOwnOfStored(context);
        }

        RequireFree(context);
        RunSettings.RequireData(context, model);
        DataSets data = DataChoice.Open(context, source);
        (Network given, data) = StartingNetwork.Open(context, model, data);
        Network start = FinalSoftmax.RemovedToTrain(context, model, given);
        start.Batch.RequireFree($"harden: {model}");
        RequirePictures(context.Get(HardenSettings.Method), data.Train.SampleShape);
        DataChecks.RequireToTrain(context, start, data);
        DataChecks.RequireClasses(start, data.Train);
        HardeningRun.RequireTarget(context, start);
        TrainingOptions training = TrainingSettings.Options(context);
        using var run = new RunSession(
            context, new RunDescription(Name, model, source)
            {
                Title = $"{model} hardened on {source}", Start = ModelSource.IsStored(model) ? start : null,
                Given = given,
            }, data);
        start = StartingNetwork.Trained(run, model, start, training);
        var hardening = new HardeningRun(context, run, training);
        return context.Get(HardenSettings.Method) is HardenSettings.Feedback
            ? hardening.ByFeedback(start)
            : hardening.ByDefense(start, context.Get(HardenSettings.Method));
    }

    /// <summary>Throws if the method corrupts pictures and the samples are something else.</summary>
    internal static void RequirePictures(string method, Shape sample)
    {
        if (method is HardenSettings.Corruptions && sample.Rank != 3)
        {
            throw ToolException.Usage($"harden: {HardenSettings.Method.Flag} {method} needs pictures (got samples of "
                + $"{sample}, expected [C, H, W]); choose another method, such as noise");
        }
    }

    /// <summary>
    /// Throws if the output folder exists or cannot become one, before any work starts. A resumed run may have written
    /// it itself.
    /// </summary>
    internal static void RequireFree(CommandContext context)
    {
        if (context.Get(HardenSettings.Output) is not { } output)
        {
            return;
        }

        if (File.Exists(output) || ModelTarget.IsOfAnotherFormat(output)
            || output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw ToolException.Usage($"harden: {HardenSettings.Output.Flag} is a folder, for the network and the "
                + $"report (got the name of a file, {output}); give the name of a folder, such as hard");
        }

        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()
            && !context.Get(HardenSettings.Force) && context.Get(RunSettings.Resume) is null)
        {
            throw ToolException.Usage($"harden: {output} already exists; choose another name, or overwrite it with "
                + $"{HardenSettings.Force.Flag}");
        }
    }
}
