using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>Compiled networks with zero weights, compared with ONNX Runtime, which does not skip zeros.</summary>
internal static class SparseInferenceTable
{
    private static readonly (string Network, int Batch, double Share)[] Works =
        [("vgg-16-bn", 64, 1), ("vgg-16-bn", 1, 2.0 / 3), ("resnet-20", 64, 2.0 / 3), ("resnet-20", 1, 2.0 / 3)];

    private static readonly (int Block, double Sparsity, double Bar)[] Patterns =
        [(1, 0.8, 1.5), (1, 0.9, 2.5), (1, 0.95, 4.5), (1, 0.98, 8), (4, 0.8, 3), (4, 0.9, 5.5), (4, 0.95, 9)];

    /// <param name="arguments">
    /// Text in network names, seconds per row and library, threads, batch size (0: all).
    /// </param>
    public static int Run(string[] arguments)
    {
        if (!OnnxRuntime.IsInstalled)
        {
            Console.Error.WriteLine("sparse: ONNX Runtime is not installed; see bench/README.md");
            return 5;
        }

        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        int threads = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2;
        int wanted = arguments.Length > 3 ? int.Parse(arguments[3], CultureInfo.InvariantCulture) : 0;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("network, batch, zeros", "Temper ms", "spins ms", "sleeps ms", "speed", "bar", "");
        foreach ((string name, int batch, double share) in
            Works.Where(w => w.Network.Contains(part, StringComparison.Ordinal) && (wanted == 0 || w.Batch == wanted)))
        {
            foreach ((int block, double sparsity, double bar) in Patterns)
            {
                Network network = SparseNetworks.Make(name, sparsity, block);
                using var work = new ComparedNetwork(network, batch, threads);
                double[] times = Rounds.Measure(work.Contenders, seconds);
                double ratio = Math.Min(times[1], times[2]) / times[0];
                table.Row(
                    $"{name}, {batch}, {sparsity:P0}{(block > 1 ? $" {block}x1" : "")}", Ms(times[0]), Ms(times[1]),
                    Ms(times[2]), ratio.ToString("F2", CultureInfo.InvariantCulture),
                    (bar * share).ToString("F2", CultureInfo.InvariantCulture), ratio < bar * share ? "SHORT" : "");
            }
        }

        return 0;
    }

    private static string Ms(double seconds) => (seconds * 1000).ToString("F4", CultureInfo.InvariantCulture);
}
