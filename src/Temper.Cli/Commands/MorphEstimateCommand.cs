using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Privacy.Morphing;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper morph estimate</c>: estimates the costs of morphing without running it.</summary>
internal sealed class MorphEstimateCommand() : ToolCommand(
    "morph estimate", "Estimate the computation, bytes and memory that morphing costs the owner and the trainer, "
        + "without running it")
{
    private static readonly Setting<int> Rows =
        Setting.Integer("rows", "Number of pictures, used without --data", defaultValue: 60_000);

    private static readonly Setting<int> Channels =
        Setting.Integer("channels", "Output channels of the first convolution, without --network", defaultValue: 64);

    private static readonly Setting<int> Kernel = Setting.Integer(
        "kernel", "Kernel size of the first convolution, in pixels, without --network", defaultValue: 3);

    private static readonly Setting<string?> Plain = Setting.OptionalText(
        "network", "Plain network to compare with: a file, a run folder, or a name such as resnet-20; its first "
            + "convolution gives --channels, --kernel, --stride and --padding");

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        MorphSettings.Data, MorphSettings.Shape, Rows, MorphSettings.Cores, MorphSettings.Repeated,
        MorphSettings.Structured, Channels, Kernel, MorphSettings.Stride, MorphSettings.Padding, Plain,
    ];

    internal override int Run(CommandContext context)
    {
        if (context.Get(MorphSettings.Data) is not null)
        {
            context.RefuseUnused($"{MorphSettings.Data.Flag}, whose pictures are counted", [Rows]);
        }

        MorphMap map = MorphKeygenCommand.MapOf(context);
        DataSets? data = context.Get(MorphSettings.Data) is { } set ? DataChoice.Open(context, set) : null;
        long rows = data is null ? context.Get(Rows) : (long)data.Train.Count + data.Test.Count;
        MorphEstimate estimate = context.Get(Plain) is { } network
            ? MorphEstimate.Of(map, rows, Opened(network, map, data))
            : MorphEstimate.Of(
                map, rows, [context.Get(Channels), map.Channels, context.Get(Kernel), context.Get(Kernel)],
                context.Get(MorphSettings.Stride), context.Get(MorphSettings.Padding));
        AugConv layer = estimate.Layer;
        MorphSettings.RequireSame(
            context, (Channels, layer.Channels), (Kernel, layer.Kernel.Height), (Kernel, layer.Kernel.Width),
            (MorphSettings.Stride, layer.Options.Stride.Height), (MorphSettings.Padding, layer.Options.Padding.Top));
        if (context.IsJson)
        {
            JsonResult.Write(Name, Fields(estimate));
            return ExitCode.Success;
        }

        Show(context, map, estimate);
        ShowPaper(context);
        context.Terminal.Note(MorphNotice.Text);
        return ExitCode.Success;
    }

    /// <summary>Opens a stored network, or builds a built-in one for the pictures and classes of the data.</summary>
    private static Network Opened(string source, MorphMap map, DataSets? data)
    {
        if (ModelSource.IsStored(source))
        {
            return ModelSource.Open(source, options: new OnnxImportOptions { Size = (map.Height, map.Width) });
        }

        return ModelSource.Build(source, data is null
            ? new ZooOptions { Input = InputSpec.Image(map.Channels, map.Height, map.Width) }
            : ModelSource.OptionsFor(data.Train, normalize: null));
    }

    private static void Show(CommandContext context, MorphMap map, MorphEstimate estimate)
    {
        AugConv layer = estimate.Layer;
        string convolution = $"first convolution: {Plural.Of(layer.Channels, "channel")}, "
            + $"{layer.Kernel.Height}x{layer.Kernel.Width}, stride {layer.Options.Stride.Height}, padding "
            + $"{layer.Options.Padding.Top}";
        new ResultTable($"costs of morphing ({convolution})", "what", "#number", "remark")
            .Row("owner: multiply-accumulates per picture", $"{estimate.OwnerMacs:N0}", map.IsStructured
                ? "3 d log d"
                : "d q")
            .Row(
                "trainer: additional multiply-accumulates per picture", $"{estimate.TrainerExtraMacs:N0}",
                estimate.Overhead is { } part
                    ? $"with the owner's: {part:P1} of the network's"
                    : "give --network to compare")
            .Row("raw set, bytes", $"{estimate.RawBytes:N0}", "a byte per number")
            .Row("morphed rows, bytes", $"{estimate.RowBytes:N0}", "float32")
            .Row(
                "Aug-Conv layer, bytes", $"{estimate.LayerBytes:N0}",
                $"{estimate.LayerDensity:P1} of the dense matrix; half of it with --half")
            .Row(
                "bytes sent, in multiples of the raw set", $"{estimate.BytesTimes:F2}",
                $"layer: {estimate.Traffic:P1} of the rows' numbers")
            .Row("memory to morph data, bytes", $"{estimate.DataMemory:N0}", "independent of the number of pictures")
            .Row("memory to make the layer, bytes", $"{estimate.LayerMemory:N0}", "")
            .Write(context.Terminal);
    }

    private static void ShowPaper(CommandContext context)
    {
        var table = new ResultTable(
            "the paper's figures, computed from its formulas (VGG-16, CIFAR size, 60,000 pictures); not measured",
            "claim", "formula", "#value");
        foreach (PaperFigure figure in Privacy.Morphing.PaperFigures.All)
        {
            table.Row(figure.Claim, figure.Formula, $"{figure.Value:G4}");
        }

        table.Write(context.Terminal);
        foreach (PaperFigure figure in Privacy.Morphing.PaperFigures.All.Where(figure => !figure.IsMatched))
        {
            Console.Out.WriteLine($"{figure.Claim} does not match: {figure.Remark}");
        }
    }

    private static JsonObject Fields(MorphEstimate estimate) => new()
    {
        ["rows"] = estimate.Rows, ["channels"] = estimate.Layer.Channels,
        ["kernel"] = new JsonArray(estimate.Layer.Kernel.Height, estimate.Layer.Kernel.Width),
        ["stride"] = estimate.Layer.Options.Stride.Height, ["padding"] = estimate.Layer.Options.Padding.Top,
        ["owner_macs"] = estimate.OwnerMacs,
        ["trainer_extra_macs"] = estimate.TrainerExtraMacs, ["overhead"] = estimate.Overhead,
        ["raw_bytes"] = estimate.RawBytes, ["row_bytes"] = estimate.RowBytes, ["layer_bytes"] = estimate.LayerBytes,
        ["layer_density"] = estimate.LayerDensity,
        ["traffic"] = estimate.Traffic, ["bytes_times"] = estimate.BytesTimes, ["data_memory"] = estimate.DataMemory,
        ["layer_memory"] = estimate.LayerMemory,
        ["paper"] = new JsonArray([.. Privacy.Morphing.PaperFigures.All.Select(figure => (JsonNode)new JsonObject
        {
            ["claim"] = figure.Claim, ["formula"] = figure.Formula, ["value"] = figure.Value,
            ["remark"] = figure.Remark,
        })]),
        ["notice"] = MorphNotice.Text,
    };
}
