using System.Text.Json.Nodes;
using Temper.Cli.Benchmarks;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Kernels;
using Temper.Training.Runs;

namespace Temper.Cli.Commands;

/// <summary>Measures this engine on this machine: matrix products, convolutions, whole training steps.</summary>
internal sealed class BenchCommand() : ToolCommand("bench", "Measure matrix products, convolutions and training steps on this machine")
{
    private static readonly Setting<string> Filter = Setting.Text("filter", "Only rows whose name contains this", "");

    private static readonly Setting<double> Seconds = Setting.Number("seconds", "Time spent on each row", usual: 1, minimum: 0.01);

    internal override IReadOnlyList<Setting> Settings => [Filter, Seconds];

    internal override int Run(CommandContext context)
    {
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        Workload[] chosen = [.. Workloads.All.Where(load => load.Name.Contains(context.Get(Filter), StringComparison.OrdinalIgnoreCase))];
        if (chosen.Length == 0)
        {
            throw ToolException.Usage($"--filter: no row has this in its name (got '{context.Get(Filter)}')");
        }

        var table = new ResultTable($"{RunEnvironment.Current().Processor}, {workers.Pool.Threads} threads", "work", "#ms", "#GFLOP/s", "#samples/s");
        var rows = new JsonArray();
        foreach (Workload load in chosen)
        {
            context.Cancel.ThrowIfCancellationRequested();
            context.Terminal.Note($"measuring {load.Name}");
            double seconds = Measurement.LowQuantile(load.Prepare(), TimeSpan.FromSeconds(context.Get(Seconds)), context.Cancel);
            double gflops = load.Operations / seconds / 1e9, rate = load.Samples / seconds;
            table.Row(load.Name, $"{seconds * 1e3:F3}", load.Operations == 0 ? "" : $"{gflops:F0}", load.Samples == 0 ? "" : $"{rate:N0}");
            rows.Add((JsonNode)new JsonObject
            {
                ["name"] = load.Name,
                ["milliseconds"] = seconds * 1e3,
                ["gflops"] = load.Operations == 0 ? null : gflops,
                ["samples_per_second"] = load.Samples == 0 ? null : rate,
            });
        }

        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject { ["cpu"] = RunEnvironment.Current().Processor, ["threads"] = workers.Pool.Threads, ["rows"] = rows });
        }
        else
        {
            table.Write(context.Terminal);
        }

        return ExitCode.Success;
    }
}
