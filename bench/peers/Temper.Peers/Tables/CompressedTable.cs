using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using Temper.Formats.Models;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>
/// The result of <c>temper compress</c> and the original (dense) network in Temper and in ONNX Runtime, all timed in
/// turns. Speedups are relative to the dense network in Temper, in ONNX Runtime, and in the faster of the two. ONNX
/// Runtime also runs the compressed network, as an ordinary ONNX file.
/// </summary>
internal static class CompressedTable
{
    private static readonly int[] Batches = [1, 64];

    /// <param name="arguments">Original network, compressed network, seconds per row and engine, threads.</param>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 2)
        {
            Console.Error.WriteLine(
                "usage: compressed DENSE COMPRESSED [seconds] [threads]; the run folder of temper compress "
                + "contains before.safetensors and result.safetensors");
            return 2;
        }

        double seconds = double.Parse(arguments.ElementAtOrDefault(2) ?? "4", CultureInfo.InvariantCulture);
        int threads = int.Parse(arguments.ElementAtOrDefault(3) ?? "2", CultureInfo.InvariantCulture);
        (Network dense, Network compressed) = (ModelFile.Load(arguments[0]), ModelFile.Load(arguments[1]));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"nonzero MACs: {dense.Cost().NonzeroMacs / 1e6:F3} M to {compressed.Cost().NonzeroMacs / 1e6:F3} M, "
            + $"{(double)dense.Cost().NonzeroMacs / compressed.Cost().NonzeroMacs:F2} times fewer; "
            + $"threads: {threads}"));
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "batch", "compressed ms", "dense ms", "ORT dense", "ORT compressed", "vs dense", "vs ORT", "vs faster");
        foreach (int batch in Batches)
        {
            Row(table, dense, compressed, batch, seconds, threads);
        }

        return 0;
    }

    private static void Row(TextTable table, Network dense, Network compressed, int batch, double seconds, int threads)
    {
        var options = new CompileOptions { BatchSizes = [batch] };
        using CompiledNetwork large = CompiledNetwork.Compile(dense, options),
            small = CompiledNetwork.Compile(compressed, options);
        PeerModel? Peer(Network network) => OnnxRuntime.IsInstalled ? PeerModel.Of(network) : null;
        using var first = new InferenceWork(large, Peer(dense), batch, threads);
        using var second = new InferenceWork(small, Peer(compressed), batch, threads);
        double[] times = Rounds.Measure([.. second.Contenders, .. first.Contenders], seconds);
        int half = second.Contenders.Count;
        double runtimeSmall = half > 1 ? times[1..half].Min() : double.NaN,
            runtime = half > 1 ? times[(half + 1)..].Min() : double.NaN;
        table.Row(
            $"{batch}", Ms(times[0]), Ms(times[half]), Ms(runtime), Ms(runtimeSmall), Ratio(times[half] / times[0]),
            Ratio(runtime / times[0]),
            Ratio(times[half..].Min() / times[0]));
    }

    private static string Ms(double seconds) => (seconds * 1000).ToString("F4", CultureInfo.InvariantCulture);

    private static string Ratio(double ratio) => ratio.ToString("F2", CultureInfo.InvariantCulture);
}
