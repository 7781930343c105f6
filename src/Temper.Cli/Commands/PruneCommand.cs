using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper prune</c>: sets small weights to zero, fine-tunes the others, and measures before and after.
/// </summary>
internal sealed class PruneCommand()
    : RunCommand("prune", "Set small weights to zero, fine-tune the others, and measure before and after")
{
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
        DataSets? data = source is "none" ? null : DataChoice.Open(context, source);
        if (data is null && context.Get(RunSettings.FailBelow) is not null)
        {
            throw ToolException.Usage(
                $"prune: {RunSettings.FailBelow.Flag} needs test samples to measure (got no data); add {Data.Flag}");
        }

        Network before;
        if (data is null)
        {
            before = Preprocessing.Apply(context, Open(ModelSource.ImportOptions(context)), sample: null);
        }
        else
        {
            (before, data) = DataForModel.Open(context, Preprocessing.OptionsOf(context), data, Open);
            before = Preprocessing.Apply(context, before, data.Train.SampleShape);
            DataChecks.RequireToTrain(context, before, data);
        }

        using var run = new RunSession(
            context, new RunDescription(Name, model, source) { Title = $"{model} pruned on {source}" }, data);
        run.Measure("before", before, "before.safetensors");
        PruningRule rule = PruningSettings.RuleOf(context, before, (name, choose) => run.Choose("prune", name, choose));
        Network pruned = before.Prune(rule, context.Get(PruningSettings.Ignore));
        if (data is not null)
        {
            run.Note($"pruned: {SparsityReport.Of(pruned).Nonzero:N0} weights left; fine-tuning them with the others "
                + "frozen at zero");
            pruned = run.Fit("tune", pruned, TrainingSettings.Options(context), isOnly: true).Network;
        }

        Measurement measured = run.Measure("pruned", pruned, ModelSource.ResultName);
        run.Add(SparsitySection.Of(run.Weights));
        return run.Finish(measured);

        Network Open(Formats.Onnx.OnnxImportOptions options) =>
            ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options);
    }
}
