using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Tensors;

namespace Temper.Cli.Commands;

/// <summary>
/// Tables for files that cannot be opened as networks: tensors without a graph, or a graph with unsupported operators.
/// </summary>
internal static class FileTables
{
    /// <summary>Shows names, dtypes, shapes and numbers of zeros of the tensors of a state dict.</summary>
    internal static int Tensors(CommandContext context, string path)
    {
        KeyValuePair<string, Tensor>[] tensors = [.. StateDict.Load(path, names: null).Tensors];
        if (context.IsJson)
        {
            JsonResult.Write("inspect", new JsonObject
            {
                ["source"] = path,
                ["tensors"] = new JsonArray([.. tensors.Select(entry => (JsonNode)new JsonObject
                {
                    ["name"] = entry.Key,
                    ["dtype"] = entry.Value.DType.ToString().ToLowerInvariant(),
                    ["shape"] = new JsonArray([.. entry.Value.Shape.Select(length => (JsonNode)length)]),
                    ["zeros"] = Zeros(entry.Value),
                })]),
            });
            return ExitCode.Success;
        }

        var table = new ResultTable(
            $"{path}: tensors without a graph; give the network with --architecture", "tensor", "dtype",
            "#shape", "#elements", "#zeros");
        foreach ((string name, Tensor tensor) in tensors)
        {
            table.Row(
                name, $"{tensor.DType}".ToLowerInvariant(), $"{tensor.Shape}", $"{tensor.Count:N0}",
                tensor.Count == 0 ? "" : $"{(double)Zeros(tensor) / tensor.Count:P1}");
        }

        table.Row("total", "", "", $"{tensors.Sum(entry => (long)entry.Value.Count):N0}", "").Write(context.Terminal);
        return ExitCode.Success;
    }

    /// <summary>Shows the operators of an ONNX model and marks those that are not supported.</summary>
    internal static void Operators(CommandContext context, OnnxSummary summary)
    {
        if (context.IsJson)
        {
            return;
        }

        context.Terminal.Note($"ONNX format {summary.IrVersion}, opset "
            + $"{summary.Opset}{(summary.Producer.Length > 0 ? $", made by {summary.Producer}" : "")}");
        if (summary.Unsupported.Count > 0)
        {
            var table = new ResultTable("unsupported operators", "operator", "#nodes");
            foreach ((string name, int count) in summary.Unsupported)
            {
                table.Row(name, $"{count}");
            }

            table.Write(context.Terminal);
        }
    }

    private static long Zeros(Tensor tensor) => tensor.To(DType.Bool).AsSpan<bool>().Count(false);
}
