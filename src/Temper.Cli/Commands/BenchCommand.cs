using Temper.Cli.Benchmarks;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Kernels;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper bench</c>: measures the inference of a network layer by layer; without a network, measures the speed of
/// the engine on this machine.
/// </summary>
internal sealed class BenchCommand() : ToolCommand(
    "bench",
    "Measure the speed of a network, next to ONNX Runtime if it is installed; without a network, of this machine")
{
    private static readonly Setting<string> Filter =
        Setting.Text("filter", "Without a model: only rows whose name contains this text", "");

    private static readonly Setting<double> Seconds =
        Setting.Number("seconds", "Measuring time per row, in seconds", defaultValue: 1, minimum: 0.01);

    internal override IReadOnlyList<string> Examples =>
    [
        "bench model.onnx --batch 1,64 --explain",
        "bench",
    ];

    internal override IReadOnlyList<Setting> Settings =>
        [ModelSource.Setting, ModelSource.Architecture, .. ModelBenchmark.Settings, Filter, Seconds];

    internal override int Run(CommandContext context)
    {
        bool isOfMachine = context.Get(ModelSource.Setting) is null;
        context.RefuseUnused(
            isOfMachine ? "a benchmark without MODEL" : "a benchmark of a MODEL",
            isOfMachine ? [ModelSource.Architecture, .. ModelBenchmark.Settings] : [Filter]);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        return context.Get(ModelSource.Setting) is { } model
            ? new ModelBenchmark(context, workers.Pool.Threads, context.Get(Seconds)).Run(model)
            : EngineBenchmark.Run(context, workers.Pool.Threads, context.Get(Filter), context.Get(Seconds));
    }
}
