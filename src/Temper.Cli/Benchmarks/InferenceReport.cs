using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Inference;
using Temper.Training.Runs;
using Temper.Wording;

namespace Temper.Cli.Benchmarks;

/// <summary>
/// Prints the inference times of a network: the steps for each batch size, then all batch sizes next to ONNX Runtime.
/// </summary>
internal sealed record InferenceReport(string Source, int Threads, IReadOnlyList<InferenceResult> Results)
{
    private static string Cpu => RunEnvironment.Current().Processor;

    internal void Write(CommandContext context, bool explains)
    {
        if (context.IsJson)
        {
            JsonResult.Write("bench", ToJson());
            return;
        }

        foreach (InferenceResult result in Results)
        {
            Steps(result, explains).Write(context.Terminal);
        }

        Totals().Write(context.Terminal);
        if (Results.Select(result => result.Obstacle).FirstOrDefault(obstacle => obstacle is not null) is { } reason)
        {
            context.Terminal.Note($"not compared with ONNX Runtime: {reason}");
        }
    }

    private static ResultTable Steps(InferenceResult result, bool explains)
    {
        double total = result.Plan.Steps.Sum(step => step.Seconds ?? 0);
        string[] more = explains ? ["order", "#MACs", "#weight bytes", "#expected ms"] : [];
        string title = result.Plan.PartSize < result.Batch
            ? $"batch {result.Batch} in parts of {result.Plan.PartSize}, each on one thread; steps of one part"
            : $"batch {result.Batch}, steps";
        var table = new ResultTable(title, ["layer", "kind", "kernel", "#zeros", .. more, "#ms", "#share"]);
        foreach (InferenceStep step in result.Plan.Steps)
        {
            string[] cells = explains
                ? [step.Order, $"{step.Macs:N0}", $"{step.WeightBytes:N0}", $"{step.PredictedSeconds * 1e3:F4}"]
                : [];
            table.Row([
                step.Name, step.Kind, step.Kernel, step.Sparsity is { } zeros ? $"{zeros:P1}" : "", .. cells,
                $"{step.Seconds * 1e3:F4}", $"{step.Seconds / total:P1}",
            ]);
        }

        return table;
    }

    private ResultTable Totals()
    {
        var table = new ResultTable(
            $"{Source} on {Cpu}, {Plural.Of(Threads, "thread")}", "#batch", "#compiling s", "#Temper ms", "#samples/s",
            "#ONNX Runtime ms", "#times faster", "#difference");
        foreach (InferenceResult result in Results)
        {
            table.Row(
                $"{result.Batch}", $"{result.CompileSeconds:F2}", $"{result.Seconds * 1e3:F4}",
                $"{result.Batch / result.Seconds:N0}",
                result.OnnxSeconds is { } onnx ? $"{onnx * 1e3:F4}" : "",
                result.Speed is { } speed ? $"{speed:F2}" : "", result.Speed is null ? "" : $"{result.Difference:E1}");
        }

        return table;
    }

    private JsonObject ToJson() => new()
    {
        ["model"] = Source,
        ["cpu"] = Cpu,
        ["threads"] = Threads,
        ["rows"] = new JsonArray([.. Results.Select(Row)]),
    };

    private static JsonNode Row(InferenceResult result) => new JsonObject
    {
        ["batch"] = result.Batch,
        ["compile_seconds"] = result.CompileSeconds,
        ["milliseconds"] = result.Seconds * 1e3,
        ["samples_per_second"] = result.Batch / result.Seconds,
        ["weight_bytes"] = result.Plan.WeightBytes,
        ["part_size"] = result.Plan.PartSize,
        ["onnxruntime_milliseconds"] = result.OnnxSeconds * 1e3,
        ["times_faster"] = result.Speed,
        ["largest_difference"] = result.OnnxSeconds is null ? null : JsonResult.Number(result.Difference),
        ["not_compared"] = result.Obstacle,
        ["steps"] = new JsonArray([.. result.Plan.Steps.Select(step => (JsonNode)new JsonObject
        {
            ["layer"] = step.Name,
            ["kind"] = step.Kind,
            ["kernel"] = step.Kernel,
            ["order"] = step.Order,
            ["zeros"] = step.Sparsity,
            ["macs"] = step.Macs,
            ["weight_bytes"] = step.WeightBytes,
            ["expected_milliseconds"] = step.PredictedSeconds * 1e3,
            ["milliseconds"] = step.Seconds * 1e3,
        })]),
    };
}
