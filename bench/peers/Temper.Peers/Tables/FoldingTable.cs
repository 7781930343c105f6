using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>
/// Time to fold the normalizations of a deep network into its convolutions. Target: 700 of them in 10 ms.
/// </summary>
internal static class FoldingTable
{
    private const double BarMilliseconds = 10;

    /// <param name="arguments">Seconds per row.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 3;
        var table = new TextTable("normalizations", "ms", "bar");
        foreach (int depth in (int[])[70, 700])
        {
            Network network = Network.Build(InputSpec.Image(4, 8, 8), x => Enumerable.Range(0, depth).Aggregate(
                x,
                (value, i) =>
                    value.Conv2d(4, kernel: 1, name: $"conv{i}").BatchNorm($"bn{i}")
                        .Relu($"relu{i}"))).Initialize(RandomStream.FromSeed(1));
            double time = Rounds.Measure([new("fold", () => network.FoldNormalization())], seconds)[0];
            table.Row(
                $"{depth}", (time * 1000).ToString("F2", CultureInfo.InvariantCulture),
                depth == 700 ? $"{BarMilliseconds:F1}" : "");
        }

        return 0;
    }
}
