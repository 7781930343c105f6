using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Cli.Models;
using Temper.Cli.Native;
using Temper.Compression.Quantization;
using Temper.Formats.Models;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// 8-bit networks and the same networks in float32, both compiled, and ONNX Runtime on the exported files of both, all
/// timed in turns.
/// </summary>
internal static class Int8Table
{
    private static readonly string[] Names = ["lenet-300-100", "lenet-5", "convnet-small", "resnet-20", "vgg-16-bn"];
    private static readonly int[] Batches = [1, 64];

    /// <param name="arguments">
    /// Text in network names, or a model; seconds per row and engine; threads; batch size; <c>explain</c> to print the
    /// time of each step.
    /// </param>
    public static int Run(string[] arguments)
    {
        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        int threads = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 1;
        int[] batches = arguments.Length > 3 ? [int.Parse(arguments[3], CultureInfo.InvariantCulture)] : Batches;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "network, batch", "float32 ms", "int8 ms", "speedup", "ORT float32", "ORT int8", "vs ORT int8",
            "ORT difference, steps of 1/127");
        bool isModel = Directory.Exists(part) || File.Exists(part);
        foreach (string name in isModel ? [part] : Names.Where(n => n.Contains(part, StringComparison.Ordinal)))
        {
            Network network =
                isModel ? ModelFile.Load(part) : NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
            foreach (int batch in batches)
            {
                Row(
                    table, Path.GetFileName(name), network, batch, seconds, threads,
                    arguments.ElementAtOrDefault(4) is "explain");
            }
        }

        return 0;
    }

    private static void Row(
        TextTable table, string name, Network network, int batch, double seconds, int threads, bool explains)
    {
        Network int8 = network.Quantize(Noise(network, 64));
        var options = new CompileOptions { BatchSizes = [batch] };
        using CompiledNetwork floats = CompiledNetwork.Compile(network, options),
            bytes = CompiledNetwork.Compile(int8, options);
        if (explains)
        {
            Console.WriteLine(floats.Explain(batch, TimeSpan.FromSeconds(seconds)));
            Console.WriteLine(bytes.Explain(batch, TimeSpan.FromSeconds(seconds)));
        }

        PeerModel? Peer(Network of) => OnnxRuntime.IsInstalled ? PeerModel.Of(of) : null;
        using var first = new InferenceWork(floats, Peer(network), batch, threads);
        using var second = new InferenceWork(bytes, Peer(int8), batch, threads);
        double[] times = Rounds.Measure([.. first.Contenders, .. second.Contenders], seconds);
        int half = first.Contenders.Count;
        double runtime = half > 1 ? times[1..half].Min() : double.NaN,
            runtimeInt8 = half > 1 ? times[(half + 1)..].Min() : double.NaN;
        table.Row(
            $"{name}, {batch}", Ms(times[0]), Ms(times[half]), Ratio(times[0] / times[half]), Ms(runtime),
            Ms(runtimeInt8), Ratio(runtimeInt8 / times[half]),
            (second.Difference * sbyte.MaxValue).ToString("F2", CultureInfo.InvariantCulture));
    }

    private static Tensor Noise(Network network, int batch)
    {
        RandomCursor random = RandomStream.FromSeed(2).Cursor();
        Shape shape = Shape.Create([batch, .. network.Inputs[0].SampleShape]);
        return Tensor.From((float[])[.. Enumerable.Range(0, shape.Count).Select(_ => random.NextSingle())], shape);
    }

    private static string Ms(double seconds) => (seconds * 1000).ToString("F4", CultureInfo.InvariantCulture);

    private static string Ratio(double ratio) => ratio.ToString("F2", CultureInfo.InvariantCulture);
}
