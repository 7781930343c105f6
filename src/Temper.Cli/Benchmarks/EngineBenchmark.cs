using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Inference.Timing;
using Temper.Training.Runs;
using Temper.Wording;

namespace Temper.Cli.Benchmarks;

/// <summary>
/// Measures the speed of the engine on this machine: matrix products, convolutions and whole training steps.
/// </summary>
internal static class EngineBenchmark
{
    internal static int Run(CommandContext context, int threads, string filter, double seconds)
    {
        Workload[] chosen = [.. Workloads.All.Where(
            load => load.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (chosen.Length == 0)
        {
            throw ToolException.Usage($"--filter: no row name contains this text (got '{filter}')");
        }

        var table = new ResultTable(
            $"{RunEnvironment.Current().Processor}, {Plural.Of(threads, "thread")}", "work", "#ms", "#GFLOP/s",
            "#samples/s");
        var rows = new JsonArray();
        foreach (Workload load in chosen)
        {
            context.Terminal.Note($"measuring {load.Name}");
            double took = Rounds.Measure([new("Temper", load.Prepare())], seconds, cancellation: context.Cancel)[0];
            double gflops = load.Operations / took / 1e9, rate = load.Samples / took;
            table.Row(
                load.Name, $"{took * 1e3:F3}", load.Operations == 0 ? "" : $"{gflops:F0}",
                load.Samples == 0 ? "" : $"{rate:N0}");
            rows.Add((JsonNode)new JsonObject
            {
                ["name"] = load.Name,
                ["milliseconds"] = took * 1e3,
                ["gflops"] = load.Operations == 0 ? null : gflops,
                ["samples_per_second"] = load.Samples == 0 ? null : rate,
            });
        }

        if (context.IsJson)
        {
            JsonResult.Write("bench", new JsonObject
            {
                ["cpu"] = RunEnvironment.Current().Processor, ["threads"] = threads, ["rows"] = rows,
            });
        }
        else
        {
            table.Write(context.Terminal);
        }

        return ExitCode.Success;
    }
}
