using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// The input gradient in evaluation mode, compared with a complete training step of the same network and batch (target
/// for ResNet-20: 0.70), and the backward pass into a single-channel image, compared with the forward pass.
/// </summary>
internal static class InputGradientTable
{
    private static readonly (string Network, int Batch)[] Rows =
        [("lenet-5", 64), ("convnet-small", 64), ("resnet-20", 128)];

    /// <summary>
    /// First layers of networks for gray images: height and width of the image, output channels, kernel, padding.
    /// </summary>
    private static readonly (string Name, int Image, int Channels, int Kernel, int Padding)[] FirstLayers =
    [
        ("lenet-5, first layer", 28, 6, 5, 2), ("lenet-5-caffe, first layer", 28, 20, 5, 0),
        ("3x3 x 32, first layer", 28, 32, 3, 1),
    ];

    /// <param name="arguments">Text in row names, seconds per row, threads.</param>
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
            double[] times = Rounds.Measure(
                [new("gradient", () => Gradient(attack)), new("step", training.Run)], seconds);
            table.Row(
                $"{network}, {batch}", Text(times[0] * 1000, "F3"), Text(times[1] * 1000, "F3"),
                Text(times[0] / times[1], "F2"),
                network is "resnet-20" ? "0.70" : "");
        }

        var passes = new TextTable("one channel, batch 64", "backward ms", "forward ms", "ratio");
        foreach ((string name, int image, int channels, int kernel, int padding) in
            FirstLayers.Where(row => row.Name.Contains(part, StringComparison.Ordinal)))
        {
            double[] times = Rounds.Measure(Passes(image, channels, kernel, padding), seconds);
            passes.Row(name, Text(times[0] * 1000, "F3"), Text(times[1] * 1000, "F3"), Text(times[0] / times[1], "F2"));
        }

        return 0;
    }

    private static Contender[] Passes(int image, int channels, int kernel, int padding)
    {
        var g = new ConvolutionGeometry
        {
            Batch = 64, InHeight = image, InWidth = image, InChannels = 1, OutChannels = channels,
            KernelHeight = kernel, KernelWidth = kernel,
            PadTop = padding, PadLeft = padding, PadBottom = padding, PadRight = padding,
        };
        float[] x = Noise(g.InCount), weight = Noise(g.WeightCount), y = Noise(g.OutCount), dx = Noise(g.InCount),
            dy = Noise(g.OutCount);
        return
        [
            new("back", () => Convolution.BackwardData(g, dy, weight, dx)),
            new("forward", () => Convolution.Forward(g, x, weight, y, default)),
        ];
    }

    private static float[] Noise(long count)
    {
        float[] values = new float[count];
        RandomStream.FromSeed(1).Fill(values);
        return values;
    }

    private static void Gradient(AttackWork attack)
    {
        using var tape = new GradientTape();
        attack.Slope(tape);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
