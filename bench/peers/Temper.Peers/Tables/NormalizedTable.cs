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
/// Networks that normalize their inputs, as written by <c>convert --normalize</c>, compared with the same networks
/// without normalization. Compiling should fold the normalization into the first layer, so that it adds neither steps
/// nor time. Kernels are chosen by estimate, so that both networks use the same kernels.
/// </summary>
internal static class NormalizedTable
{
    private const double Bar = 0.98;

    private static readonly string[] Names =
        ["lenet-300-100", "lenet-5", "lenet-5-caffe", "convnet-small", "resnet-20", "vgg-16-bn"];

    private static readonly float[] Means = [0.485f, 0.456f, 0.406f], Deviations = [0.229f, 0.224f, 0.225f];

    /// <param name="arguments">Text in network names, seconds per row and network, threads.</param>
    public static int Run(string[] arguments)
    {
        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        using var pool = new WorkerPool(
            arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("network, batch", "steps", "folded", "ms", "folded ms", "speed", "bar", "");
        var ratios = new List<double>();
        foreach (string name in Names.Where(name => name.Contains(part, StringComparison.Ordinal)))
        {
            Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
            int channels = network.Inputs[0].SampleShape[0];
            using CompiledNetwork folded = Compile(network),
                normalized = Compile(
                    network.Prepend(network.Inputs[0], x => x.Normalize(Means[..channels], Deviations[..channels])));
            foreach (int batch in new[] { 1, 64 })
            {
                (int steps, int max) = (normalized.Explain(batch).Steps.Count, folded.Explain(batch).Steps.Count);
                double[] times = Rounds.Measure(
                    [
                        new Contender("normalized", Work(normalized, batch)),
                        new Contender("folded", Work(folded, batch)),
                    ],
                    seconds);
                double ratio = times[1] / times[0];
                ratios.Add(ratio);
                table.Row(
                    $"{name}, {batch}", $"{steps}", $"{max}", Ms(times[0]), Ms(times[1]), Number(ratio, "F3"),
                    Number(Bar, "F2"), steps > max || ratio < Bar ? "SHORT" : "");
            }
        }

        if (ratios.Count > 0)
        {
            Console.WriteLine($"geometric mean of the speeds: {Number(TextTable.GeometricMean(ratios), "F3")}");
        }

        return 0;
    }

    private static CompiledNetwork Compile(Network network) =>
        CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [1, 64], TimesKernels = false });

    private static Action Work(CompiledNetwork compiled, int batch)
    {
        InferenceSession session = compiled.CreateSession();
        float[] x = new float[batch * compiled.Network.Inputs[0].SampleShape.Count], y = new float[batch * 10];
        RandomStream.FromSeed(2).Fill(x);
        return () => session.Run(x, y);
    }

    private static string Ms(double seconds) => Number(seconds * 1000, "F4");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
