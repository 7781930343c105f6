using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>The gradient with respect to the inputs, in evaluation, against a whole training step of the same network and batch. Bar: 0.70.</summary>
internal static class InputGradientTable
{
    private static readonly (string Network, int Batch)[] Rows = [("lenet-5", 64), ("convnet-small", 64), ("resnet-20", 128)];

    /// <param name="arguments">Part of the names of the rows wanted, then seconds for each, then threads.</param>
    public static int Run(string[] arguments)
    {
        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 6;
        int threads = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("network, batch", "gradient ms", "step ms", "ratio", "bar");
        foreach ((string network, int batch) in Rows.Where(row => row.Network.Contains(part, StringComparison.Ordinal)))
        {
            var attack = new AttackWork(network, batch);
            using var training = new TrainingWork(network, batch);
            double[] times = Rounds.Measure([new("gradient", () => Gradient(attack)), new("step", training.Run)], seconds);
            table.Row(
                $"{network}, {batch}", Text(times[0] * 1000, "F3"), Text(times[1] * 1000, "F3"), Text(times[0] / times[1], "F2"),
                network is "resnet-20" ? "0.70" : "");
        }

        return 0;
    }

    private static void Gradient(AttackWork attack)
    {
        using var tape = new GradientTape();
        attack.Slope(tape);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
