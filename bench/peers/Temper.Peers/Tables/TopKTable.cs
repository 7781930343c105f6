using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Selection of the largest values, as in sparse activations and pruning thresholds, compared with targets.
/// </summary>
internal static class TopKTable
{
    private sealed record Case(string Name, int Rows, int Columns, double Milliseconds, Action<Tensor> Run);

    private static readonly Case[] Cases =
    [
        new("10 % of [64, 3200]", 64, 3200, 1.5, x => x.TopK(320)),
        new("1 of [64, 3200]", 64, 3200, 1.5, x => x.TopK(1)),
        new("10 of [64, 1000]", 64, 1000, 1.5, x => x.TopK(10)),
        new("threshold of [1, 1000000], 10 %", 1, 1_000_000, 4, x => x.KthValue(100_000)),
        new("threshold of [1, 1000000], half", 1, 1_000_000, 4, x => x.KthValue(500_000)),
    ];

    /// <param name="arguments">Seconds per row, threads.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 1;
        using var pool = new WorkerPool(
            arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 1);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("selection", "ms", "bar", "");
        foreach (Case row in Cases)
        {
            float[] numbers = new float[row.Rows * row.Columns];
            RandomStream.FromSeed(1).Fill(numbers);
            Tensor x = Tensor.From(numbers, [row.Rows, row.Columns]);
            double ms = 1000 * Rounds.Measure([new Contender(row.Name, () => row.Run(x))], seconds)[0];
            table.Row(
                row.Name, ms.ToString("F3", CultureInfo.InvariantCulture),
                row.Milliseconds.ToString("F1", CultureInfo.InvariantCulture), ms > row.Milliseconds ? "SHORT" : "");
        }

        return 0;
    }
}
