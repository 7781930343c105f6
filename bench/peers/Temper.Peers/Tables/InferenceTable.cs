using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>
/// Complete dense networks compiled by Temper, compared with ONNX Runtime with spinning or sleeping idle threads,
/// whichever is faster.
/// </summary>
internal static class InferenceTable
{
    private static readonly string[] Names = ["lenet-300-100", "lenet-5", "convnet-small", "resnet-20", "vgg-16-bn"];
    private static readonly int[] Batches = [1, 8, 64];

    /// <param name="arguments">Text in network names, seconds per row and library, threads.</param>
    public static int Run(string[] arguments)
    {
        if (!OnnxRuntime.IsInstalled)
        {
            Console.Error.WriteLine("inference: ONNX Runtime is not installed; see bench/README.md");
            return 5;
        }

        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        int threads = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("network, batch", "Temper ms", "spins ms", "sleeps ms", "speed");
        var ratios = new List<double>();
        foreach (string name in Names.Where(n => n.Contains(part, StringComparison.Ordinal)))
        {
            Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
            foreach (int batch in Batches)
            {
                using var work = new ComparedNetwork(network, batch, threads);
                double[] times = Rounds.Measure(work.Contenders, seconds);
                double ratio = Math.Min(times[1], times[2]) / times[0];
                ratios.Add(ratio);
                table.Row(
                    $"{name}, {batch}", Ms(times[0]), Ms(times[1]), Ms(times[2]),
                    ratio.ToString("F2", CultureInfo.InvariantCulture));
            }
        }

        if (ratios.Count > 0)
        {
            Console.WriteLine($"geometric mean {TextTable.GeometricMean(ratios):F2}, minimum {ratios.Min():F2}");
        }

        return 0;
    }

    private static string Ms(double seconds) => (seconds * 1000).ToString("F4", CultureInfo.InvariantCulture);
}
