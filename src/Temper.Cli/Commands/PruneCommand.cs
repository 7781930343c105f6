using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Inference;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper prune</c>: sets small weights to zero, fine-tunes the others, and measures before and after.
/// </summary>
internal sealed class PruneCommand()
    : RunCommand("prune", "Set small weights to zero, fine-tune the others, and measure before and after")
{
    /// <summary>Approximate time to spend on timing each network, in seconds.</summary>
    private const double TimingSeconds = 0.2;

    private static readonly Setting<string> Data =
        Setting.Text("data", "Data set for fine-tuning and measuring; none = only prune", "none");

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, PruningSettings.Rule,
        PruningSettings.Threshold, PruningSettings.Ignore, Data, .. Preprocessing.Settings, .. TrainingSettings.All,
        .. RunSettings.All,
    ];

    private protected override int Execute(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(Data);
        PruningSettings.Require(context);
        ModelSource.RequireTrained(model);
        ModelSource.RefuseUnused(context, model);
        TrainingOptions? tuning = Tuning(context, hasData: source is not "none");
        (Network given, DataSets? data) = Open(context, model, source);
        Network before = tuning is null ? given : FinalSoftmax.RemovedToTrain(context, model, given);
        PruningSettings.RequireLayers(context, before);
        using var run = new RunSession(
            context,
            new RunDescription(Name, model, source)
            {
                Title = $"{model} pruned on {source}", Start = before, Given = given,
            }, data);
        run.Measure("before", before, "before.safetensors");
        PruningRule rule = PruningSettings.RuleOf(context, before, (name, choose) => run.Choose("prune", name, choose));
        Network pruned = before.Prune(rule, context.Get(PruningSettings.Ignore));
        if (tuning is not null)
        {
            run.Note($"pruned: {SparsityReport.Of(pruned).Nonzero:N0} weights left; fine-tuning them with the others "
                + "frozen at zero");
            pruned = run.Fit("tune", pruned, tuning, isOnly: true).Network;
        }

        Measurement measured = run.Measure("pruned", pruned, ModelSource.ResultName);
        run.Add(SparsitySection.Of(run.Weights));
        AddCosts(context, run, before, pruned);
        return run.Finish(measured);
    }

    /// <summary>
    /// Adds what both networks cost to the table on the terminal. Noise cannot stand for inputs that are whole numbers,
    /// such as indices, so such networks are not timed.
    /// </summary>
    private static void AddCosts(CommandContext context, RunSession run, Network before, Network pruned)
    {
        if (!context.IsJson)
        {
            bool isTimed = before.Inputs.All(input => input.DType == DType.Float32);
            run.AddCosts(
                [before.Cost().NonzeroMacs, pruned.Cost().NonzeroMacs],
                isTimed ? NetworkTiming.Milliseconds([before, pruned], 1, TimingSeconds, context.Cancel) : []);
        }
    }

    /// <summary>
    /// The options of fine-tuning; null: there are no data, so nothing is trained. Throws if settings would be ignored.
    /// </summary>
    private static TrainingOptions? Tuning(CommandContext context, bool hasData)
    {
        if (hasData)
        {
            return TrainingSettings.Options(context);
        }

        context.RefuseUnused(
            $"prune without {Data.Flag}, which does not train", [.. TrainingSettings.All, RunSettings.Validation]);
        return context.Get(RunSettings.FailBelow) is null
            ? null
            : throw ToolException.Usage(
                $"prune: {RunSettings.FailBelow.Flag} needs test samples to measure (got no data); add {Data.Flag}");
    }

    /// <summary>Opens the network and its data, if any, and checks that they fit together.</summary>
    private static (Network Network, DataSets? Data) Open(CommandContext context, string model, string source)
    {
        if (source is "none")
        {
            return (Preprocessing.Apply(context, Open(ModelSource.ImportOptions(context)), sample: null), null);
        }

        (Network network, DataSets data) = DataForModel.Open(
            context, Preprocessing.OptionsOf(context), DataChoice.Open(context, source), Open);
        network.Batch.RequireFree($"prune: {model}");
        network = Preprocessing.Apply(context, network, data.Train.SampleShape);
        DataChecks.RequireToTrain(context, network, data);
        return (network, data);

        Network Open(Formats.Onnx.OnnxImportOptions options) =>
            ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options);
    }
}
