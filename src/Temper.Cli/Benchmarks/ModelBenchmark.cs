using System.Diagnostics;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Native;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Benchmarks;

/// <summary>
/// Compiles a network and times it for each batch size: as a whole next to ONNX Runtime, and step by step.
/// </summary>
internal sealed class ModelBenchmark(CommandContext context, int threads, double seconds)
{
    private static readonly Setting<int[]> Batches =
        Setting.Integers("batch", "Batch sizes, separated by commas", [1]).AlsoCalled("--batch-size");

    private static readonly Setting<bool> Explain =
        Setting.Switch("explain", "Show the whole plan: layouts, expected times, bytes of weights");

    private static readonly Setting<bool> NoTiming =
        Setting.Switch("no-timing", "Choose kernels by estimate instead of timing them on this machine");

    private static readonly Setting<string?> Input = Setting.OptionalText(
        "input", "Samples to time on (.npy): kernels that skip zeros depend on them [default: noise]");

    private static readonly Setting<string?> Plan =
        Setting.OptionalText("plan", "Use the kernels of this file, written by --save-plan on this processor");

    private static readonly Setting<string?> SavePlan =
        Setting.Output("save-plan", "Write the chosen kernels to this file", OutputKind.File);

    internal static IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Size, Batches, Explain, NoTiming, Input, Plan, SavePlan,
    ];

    internal int Run(string source)
    {
        ModelSource.RefuseUnused(context, source);
        Network network;
        PeerModel? model = null;
        if (ModelReading.IsOnnx(source) && File.Exists(source))
        {
            OnnxImport import = OnnxFile.Load(source, ModelSource.ImportOptions(
                context, Samples() is { Rank: 4 } samples ? [.. samples.Shape.Skip(1)] : null));
            network = import.Network;
            model = PeerModel.Obstacle(network) is null
                ? new PeerModel(File.ReadAllBytes(source), import.InputNames[0], import.OutputNames[0])
                : null;
        }
        else
        {
            network = ModelSource.OpenToTime(source, context.Get(ModelSource.Architecture));
        }

        using CompiledNetwork compiled = CompiledNetwork.Compile(network, Options());
        string? obstacle = OnnxRuntime.IsInstalled
            ? PeerModel.Obstacle(network)
            : "libonnxruntime was not found; set TEMPER_ONNXRUNTIME to its path";
        List<InferenceResult> results = [];
        foreach (int batch in BatchesOf(network))
        {
            context.Terminal.Note($"measuring batch {batch}");
            results.Add(Measure(compiled, obstacle is null ? model ??= PeerModel.Of(network) : null, batch));
        }

        if (context.Get(SavePlan) is { } file)
        {
            AtomicFile.Write(file, stream => stream.Write(compiled.ChosenKernels().ToJson()));
        }

        var report = new InferenceReport(
            source, threads, [.. results.Select(result => result with { Obstacle = obstacle ?? result.Obstacle })]);
        report.Write(context, context.Get(Explain));
        return ExitCode.Success;
    }

    /// <summary>The requested batch sizes; for a network with a fixed batch size, that size.</summary>
    private int[] BatchesOf(Network network)
    {
        int[] asked = context.Get(Batches);
        if (network.Batch.Kind == BatchKind.Free)
        {
            return asked;
        }

        int own = Math.Max(network.Batch.Size, 1);
        return asked is [1] || Array.TrueForAll(asked, batch => batch == own)
            ? [own]
            : throw ToolException.Usage($"--batch: the batch size of the network is fixed to {own} (got "
                + $"{string.Join(", ", asked)}); leave --batch out");
    }

    private CompileOptions Options() => new()
    {
        BatchSizes = [],
        TimesKernels = !context.Get(NoTiming),
        TypicalInput = Samples(),
        Plan = context.Get(Plan) is { } file ? KernelPlan.Parse(File.ReadAllBytes(file)) : null,
    };

    private Tensor? Samples() =>
        context.Get(Input) is not { } file ? null
        : NpyFile.Load(file) is { DType: DType.Float32, Count: > 0 } samples ? samples
        : throw ToolException.Usage($"--input: {file} does not contain float32 samples");

    private InferenceResult Measure(CompiledNetwork compiled, PeerModel? model, int batch)
    {
        // A fixed batch size is part of the network's shapes.
        int multiple = compiled.Network.Batch.Kind == BatchKind.Free ? batch : 1;
        long start = Stopwatch.GetTimestamp();
        compiled.Explain(multiple);
        double compiling = Stopwatch.GetElapsedTime(start).TotalSeconds;
        InferencePlan plan = compiled.Explain(multiple, TimeSpan.FromSeconds(seconds));
        string? obstacle = null;
        while (true)
        {
            try
            {
                using var work = new InferenceWork(compiled, model, multiple, threads, Samples());
                double[] times = Rounds.Measure(work.Contenders, seconds, cancellation: context.Cancel);
                return new InferenceResult(batch, compiling, times[0], plan)
                {
                    OnnxSeconds = times.Length > 1 ? Math.Min(times[1], times[2]) : null, Difference = work.Difference,
                    Obstacle = obstacle,
                };
            }
            catch (OnnxRuntimeException error) when (model is not null)
            {
                // A model with a fixed batch size refuses others; the measurement of Temper does not depend on it.
                (model, obstacle) = (null, error.Message);
            }
        }
    }
}
