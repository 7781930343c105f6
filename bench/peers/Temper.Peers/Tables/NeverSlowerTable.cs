using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>
/// Single layers with various fractions of zeros and batch sizes, compared with the same layers dense: skipping zeros
/// must never cost time.
/// </summary>
internal static class NeverSlowerTable
{
    private const double Bar = 1.03, Limit = 1.10, Share = 0.95;

    private static readonly double[] Shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

    private static readonly int[] Batches = [1, 2, 3, 7, 8, 9, 16, 33, 64, 65];

    private static readonly (string Name, InputSpec Input, Func<Value, Value> Layer)[] Layers =
    [
        ("3x3, 64 at 32x32", InputSpec.Image(64, 32, 32), x => x.Conv2d(64, kernel: 3, padding: 1)),
        ("3x3, 256 at 8x8", InputSpec.Image(256, 8, 8), x => x.Conv2d(256, kernel: 3, padding: 1)),
        ("1x1, 128 at 16x16", InputSpec.Image(128, 16, 16), x => x.Conv2d(128, kernel: 1)),
        ("linear, 1024", new InputSpec { SampleShape = [1024] }, x => x.Linear(1024)),
    ];

    /// <param name="arguments">Text in layer names, seconds per point and contender, threads.</param>
    public static int Run(string[] arguments)
    {
        string part = arguments.ElementAtOrDefault(0) ?? "";
        double seconds = double.Parse(arguments.ElementAtOrDefault(1) ?? "0.2", CultureInfo.InvariantCulture);
        using var pool = new WorkerPool(
            int.Parse(arguments.ElementAtOrDefault(2) ?? "2", CultureInfo.InvariantCulture));
        using WorkerPool.Usage usage = pool.Use();
        var all = new List<double>();
        var table = new TextTable(
            ["time / dense time", .. Shares.Select(share => share.ToString("P0", CultureInfo.InvariantCulture))]);
        foreach ((string name, InputSpec input, Func<Value, Value> layer) in
            Layers.Where(l => l.Name.Contains(part, StringComparison.Ordinal)))
        {
            Network dense = Network.Build(input, layer).Initialize(RandomStream.FromSeed(1));
            foreach (int batch in Batches)
            {
                using CompiledNetwork compiled = CompiledNetwork.Compile(
                    dense, new CompileOptions { BatchSizes = [batch] });
                double[] ratios =
                [
                    .. Shares.Select(
                        share => Ratio(compiled, SparseNetworks.Thin(dense, share, block: 1, seed: 1), batch, seconds)),
                ];
                all.AddRange(ratios);
                table.Row(
                    [
                        $"{name}, batch {batch}",
                        .. ratios.Select(ratio => ratio.ToString("F2", CultureInfo.InvariantCulture)),
                    ]);
            }
        }

        Console.WriteLine(
            $"{all.Count} points: {all.Count(ratio => ratio <= Bar) / (double)all.Count:P1} at most {Bar} (bar "
            + $"{Share:P0}), maximum {all.Max():F2} (bar {Limit:F2})");
        return 0;
    }

    /// <summary>
    /// Returns the time relative to the dense layer: the lower of two measurements if the first exceeds the limit.
    /// </summary>
    private static double Ratio(CompiledNetwork dense, Network network, int batch, double seconds)
    {
        using CompiledNetwork sparse = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [batch] });
        using InferenceWork first = new(sparse, null, batch, 0), second = new(dense, null, batch, 0);
        double ratio = double.MaxValue;
        for (int i = 0; i < 2 && ratio > Limit; i++)
        {
            double[] times = Rounds.Measure([first.Contenders[0], second.Contenders[0]], seconds);
            ratio = Math.Min(ratio, times[0] / times[1]);
        }

        return ratio;
    }
}
