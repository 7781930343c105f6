using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Networks;

namespace Temper.Cli.Commands;

/// <summary><c>temper inspect</c>: shows a network as a table of shapes, parameters, MACs and bytes.</summary>
internal sealed class InspectCommand()
    : ToolCommand("inspect", "Show a network or the tensors of a file: shapes, parameters, multiply-adds, bytes, zeros")
{
    private static readonly Setting<int> Batch =
        Setting.Integer("batch", "Batch size that costs are computed for", defaultValue: 1, aliases: "--batch-size");

    private static readonly Setting<bool> Channels =
        Setting.Switch("channels", "Show which layers must be narrowed together, and why others cannot be narrowed");

    internal override IReadOnlyList<string> Examples =>
    [
        "inspect resnet-20",
        "inspect model.onnx --batch 8 --json",
    ];

    internal override IReadOnlyList<Setting> Settings =>
        [ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, Batch, Channels];

    internal override int Run(CommandContext context)
    {
        string source = context.Require(ModelSource.Setting);
        if (ModelReading.IsOnnx(source))
        {
            ModelReading.RequireFile(source);
        }

        ModelSource.RefuseUnused(context, source);
        OnnxSummary? summary = ModelReading.IsOnnx(source) ? OnnxSummary.Of(source) : null;
        if (summary is not null)
        {
            FileTables.Operators(context, summary);
        }
        else if (context.Get(ModelSource.Architecture) is null && File.Exists(source) && !ModelFile.HoldsGraph(source))
        {
            return FileTables.Tensors(context, source);
        }

        Network network = Open(context, source);
        if (context.Get(Channels))
        {
            return ChannelTable.Write(context, Name, source, network);
        }

        NetworkCost cost = network.Cost(context.Get(Batch));
        if (context.IsJson)
        {
            JsonObject fields = Fields(source, network, cost);
            fields["opset"] = summary?.Opset;
            JsonResult.Write(Name, fields);
            return ExitCode.Success;
        }

        WriteTable(context, source, network, cost);
        return ExitCode.Success;
    }

    private static void WriteTable(CommandContext context, string source, Network network, NetworkCost cost)
    {
        var table = new ResultTable(
            $"{source}, batch of {cost.Batch}", "node", "operator", "#output", "#parameters", "#left", "#MACs",
            "#bytes");
        foreach ((NodeCost node, Node drawn) in cost.Nodes.Zip(network.Nodes))
        {
            // A built-in architecture has no weights yet, so the number of nonzero ones is unknown.
            (long weights, long left) = ModelSource.IsStored(source) ? Left(drawn, network) : (0, 0);
            table.Row(
                node.Name, node.Kind, $"{node.Output}", Count(node.Parameters),
                weights == 0 || left == weights ? "" : $"{(double)left / weights:P1}",
                Count(node.Macs), Count(node.Bytes));
        }

        context.Terminal.Note($"samples: {network.Batch}");
        table.Row("total", "", "", $"{cost.Parameters:N0}", "", $"{cost.Macs:N0}", $"{cost.Bytes:N0}")
            .Write(context.Terminal);
    }

    /// <summary>
    /// Opens the network. An ONNX model that mixes the samples of a batch, so that its batch size must be fixed, is
    /// opened for the batch size of the costs.
    /// </summary>
    private static Network Open(CommandContext context, string source)
    {
        OnnxImportOptions options = ModelSource.ImportOptions(context);
        try
        {
            return ModelSource.Open(source, context.Get(ModelSource.Architecture), options);
        }
        catch (MixedBatchException)
        {
            return ModelSource.Open(source, context.Get(ModelSource.Architecture), options with
            {
                FreesBatch = false, Batch = context.Get(Batch),
            });
        }
    }

    private static JsonObject Fields(string source, Network network, NetworkCost cost) => new()
    {
        ["source"] = source,
        ["batch"] = cost.Batch,
        ["samples"] = network.Batch.Kind.ToString().ToLowerInvariant(),
        ["parameters"] = cost.Parameters,
        ["macs"] = cost.Macs,
        ["bytes"] = cost.Bytes,
        ["inputs"] = new JsonArray([.. network.Inputs.Select(input =>
            new JsonObject { ["name"] = input.Name, ["shape"] = Shape(input.SampleShape) })]),
        ["nodes"] = new JsonArray([.. cost.Nodes.Zip(network.Nodes).Select(pair => new JsonObject
        {
            ["name"] = pair.First.Name,
            ["operator"] = pair.First.Kind,
            ["output"] = Shape(pair.First.Output),
            ["parameters"] = pair.First.Parameters,
            ["nonzero"] = Left(pair.Second, network).Left,
            ["macs"] = pair.First.Macs,
            ["bytes"] = pair.First.Bytes,
        })]),
    };

    private static JsonArray Shape(IEnumerable<int> shape) => [.. shape.Select(length => (JsonNode)length)];

    /// <summary>The number of a node's parameters, and the number of nonzero ones.</summary>
    private static (long Weights, long Left) Left(Node node, Network network)
    {
        long weights = 0, zeros = 0;
        foreach (string name in node.Parameters)
        {
            float[] values = network.Parameters[name].Value.ToArray<float>();
            weights += values.Length;
            zeros += values.AsSpan().Count(0f);
        }

        return (weights, weights - zeros);
    }

    private static string Count(long number) => number == 0 ? "" : $"{number:N0}";
}
