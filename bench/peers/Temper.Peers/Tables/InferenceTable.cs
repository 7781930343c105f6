using Temper.Cli.Benchmarks;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>
/// Dense networks, whole: Temper's compiled form against ONNX Runtime with its workers spinning and sleeping, the
/// better taken.
/// </summary>
internal static class InferenceTable
{
    private static readonly string[] Names = ["lenet-300-100", "lenet-5", "convnet-small", "resnet-20", "vgg-16-bn"];
    private static readonly int[] Batches = [1, 8, 64];

    /// <param name="arguments">
    /// Part of the names of the networks wanted, then seconds for each row and library, then threads, then batch.
    /// </param>
    public static int Run(string[] arguments)
    {
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

        Console.WriteLine($"geometric mean {TextTable.GeometricMean(ratios):F2}, least {ratios.Min():F2}");
        return 0;
    }

    private static string Ms(double seconds) => (seconds * 1000).ToString("F4", CultureInfo.InvariantCulture);
}
