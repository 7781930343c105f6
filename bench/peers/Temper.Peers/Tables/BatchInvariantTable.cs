using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Time of a batch-invariant pass of ResNet-20 relative to the pass with the fastest kernels. Target: at most 10 %
/// more.
/// </summary>
internal static class BatchInvariantTable
{
    private const double Bar = 1.10;

    /// <param name="arguments">Seconds per row, threads.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 3;
        using var pool = new WorkerPool(
            arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 2);
        using WorkerPool.Usage usage = pool.Use();
        Network network = NetworkZoo.Create("resnet-20").Initialize(RandomStream.FromSeed(1));
        var table = new TextTable(
            "batch", "values ms", "invariant ms", "ratio", "gradient ms", "invariant ms", "ratio", "bar", "");
        foreach (int batch in (int[])[1, 3, 7, 16, 64, 128])
        {
            float[] pixels = new float[batch * 3 * 32 * 32];
            RandomStream.FromSeed(2).Fill(pixels);
            Tensor x = Tensor.From(pixels, [batch, 3, 32, 32]);
            Pass invariant = Pass.Evaluation.BatchInvariant();
            double[] times = Rounds.Measure(
                [
                    new("values", () => Values(network, x, Pass.Evaluation)),
                    new("values, invariant", () => Values(network, x, invariant)),
                    new("gradient", () => Gradient(network, x, Pass.Evaluation)),
                    new("gradient, invariant", () => Gradient(network, x, invariant)),
                ],
                seconds);
            double values = times[1] / times[0], gradient = times[3] / times[2];
            table.Row(
                $"{batch}", Text(1000 * times[0]), Text(1000 * times[1]), Text(values), Text(1000 * times[2]),
                Text(1000 * times[3]), Text(gradient),
                Text(Bar), Math.Max(values, gradient) > Bar ? "SHORT" : "");
        }

        return 0;
    }

    private static void Values(Network network, Tensor x, Pass pass)
    {
        using var scope = new TensorScope();
        network.Forward(x, pass);
    }

    private static void Gradient(Network network, Tensor x, Pass pass)
    {
        using var tape = new GradientTape();
        tape.Watch(x);
        tape.Gradient(network.Forward(x, pass).Sum(), x);
    }

    private static string Text(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
