using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Kernels;
using Temper.Training.Runs;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper doctor</c>: shows the processor, its speed, and the optional tools installed on this machine.
/// </summary>
internal sealed class DoctorCommand()
    : ToolCommand("doctor", "Show the processor, its speed, and optional tools that are installed")
{
    /// <summary>
    /// Rows and columns of the matrices whose product measures the speed: large enough for full speed, a few
    /// milliseconds per product.
    /// </summary>
    private const int Size = 768;

    private static readonly TimeSpan MeasuringTime = TimeSpan.FromSeconds(0.6);

    private static readonly Setting<bool> Mpi = Setting.Switch(
        "mpi", "Show the MPI library, its handles and threads, and the speed between ranks that mpirun has started");

    internal override bool SharesWork => true;

    internal override IReadOnlyList<Setting> Settings => [Mpi];

    internal override int Run(CommandContext context)
    {
        if (context.Get(Mpi))
        {
            return RankDoctor.Run(context);
        }

        using var workers = new Workers(context);
        int threads = workers.Pool.Threads;
        double one = Speed(count: 1), all = threads == 1 ? one : Speed(threads);
        (string Tool, string? Found, string Use)[] peers = Peers.Find();
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["version"] = Product.Version,
                ["cpu"] = RunEnvironment.Current().Processor,
                ["simd_bits"] = (int)Simd.Active,
                ["processors"] = Environment.ProcessorCount,
                ["threads"] = threads,
                ["gflops_one_thread"] = Math.Round(one, 1),
                ["gflops_all_threads"] = Math.Round(all, 1),
                ["memory_bytes"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
                ["peers"] = new JsonObject(peers.Select(peer => KeyValuePair.Create(peer.Tool, (JsonNode?)peer.Found))),
            });
            return ExitCode.Success;
        }

        var table = new ResultTable($"temper {Product.Version}", "what", "here");
        table.Row("processor", RunEnvironment.Current().Processor)
            .Row("vectors", Simd.Active == SimdWidth.Scalar ? "none" : $"{(int)Simd.Active} bit")
            .Row("threads", $"{threads} of {Environment.ProcessorCount} processors")
            .Row(
                "speed",
                $"{one:F0} GFLOP/s on one thread, {all:F0} on {threads} (float matrix product, {Size} x {Size})")
            .Row("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):F1} GiB")
            .Row("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
        foreach ((string tool, string? found, string use) in peers)
        {
            table.Row(tool, found ?? $"not found ({use})");
        }

        table.Write(context.Terminal);
        return ExitCode.Success;
    }

    /// <summary>Speed in billions of floating-point operations per second: the best of repeated products.</summary>
    private static double Speed(int count)
    {
        using var pool = new WorkerPool(count);
        using WorkerPool.Usage usage = pool.Use();
        float[] a = new float[Size * Size], b = new float[Size * Size], c = new float[Size * Size];
        Array.Fill(a, 0.5f);
        Array.Fill(b, 0.25f);
        double best = 0;
        var total = Stopwatch.StartNew();
        while (total.Elapsed < MeasuringTime)
        {
            long start = Stopwatch.GetTimestamp();
            Gemm.Multiply(new MatrixView(a, Size, Size), new MatrixView(b, Size, Size), c);
            best = Math.Max(best, 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }
}
