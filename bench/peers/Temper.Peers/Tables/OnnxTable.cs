using Temper.Cli.Native;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Peers.Native;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Networks exported to ONNX, run by ONNX Runtime and, after reading the file back, by Temper: largest differences
/// relative to the largest output.
/// </summary>
internal static class OnnxTable
{
    private const int Batch = 3;
    private const double MaxError = 1e-4;

    private static readonly int[] Opsets = [13, 17, 21];

    /// <param name="arguments">
    /// Folders or .onnx files whose networks are exported in addition to those of the zoo.
    /// </param>
    public static int Run(string[] arguments)
    {
        if (!OnnxRuntime.IsInstalled)
        {
            Console.Error.WriteLine("onnx: ONNX Runtime is not installed; see bench/README.md");
            return 5;
        }

        var table = new TextTable("network, opset", "ONNX Runtime", "read back");
        double worst = 0;
        foreach ((string name, Network network) in Networks(arguments))
        {
            foreach (OnnxExportOptions options in
                Opsets.Select(opset => new OnnxExportOptions { Opset = opset })
                    .Append(new OnnxExportOptions { FoldsNormalization = true })
                    .Append(new OnnxExportOptions { SparseInitializers = true }))
            {
                (double runtime, double again) = Compare(network, options);
                worst = Math.Max(worst, Math.Max(runtime, again));
                string form = options.FoldsNormalization ? ", folded" : options.SparseInitializers ? ", sparse" : "";
                table.Row($"{name}, {options.Opset}{form}", $"{runtime:E1}", $"{again:E1}");
            }
        }

        Console.WriteLine($"maximum: {worst:E1} (bar {MaxError:E0})");
        return worst <= MaxError ? 0 : 1;
    }

    private static IEnumerable<(string Name, Network Network)> Networks(string[] arguments)
    {
        foreach (string name in NetworkZoo.Names)
        {
            Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
            if (network.Nodes.Any(node => node.Operator is OpticalFlow))
            {
                // Has no counterpart in ONNX.
                continue;
            }

            // Nontrivial statistics: those of a new network are 0 and 1.
            yield return (name, network.WithBuffers(network.Buffers.Where(buffer => buffer.Value.DType == DType.Float32)
                .Select((buffer, i) => KeyValuePair.Create(
                    buffer.Key,
                    buffer.Key.EndsWith("mean", StringComparison.Ordinal)
                        ? Random(buffer.Value.Shape, i, -0.1f, 0.1f)
                        : Random(buffer.Value.Shape, i, 0.5f, 1.5f)))));
        }

        foreach (ChannelScore score in Enum.GetValues<ChannelScore>())
        {
            yield return (
                $"winners, {score}",
                Winners(new WinnerOptions { Unit = WinnerUnit.Channels, Score = score }, new WinnerOptions()));
        }

        yield return ("winners, thresholds", Winners(
            new WinnerOptions { Unit = WinnerUnit.Channels, Threshold = 0.2f },
            new WinnerOptions { Threshold = 0.1f }));
        foreach (string file in
            arguments.SelectMany(
                argument => Directory.Exists(argument)
                    ? Directory.GetFiles(argument, "*.onnx").Order(StringComparer.Ordinal).ToArray()
                    : (string[])[argument]))
        {
            yield return (Path.GetFileNameWithoutExtension(file), OnnxFile.Load(file).Network);
        }
    }

    /// <summary>
    /// Returns a network that selects winners among channels, values of an image and values of a row.
    /// </summary>
    private static Network Winners(WinnerOptions channels, WinnerOptions numbers) =>
        Network.Build(InputSpec.Image(3, 12, 12, min: 0, max: 1), x => x
        .Conv2d(16, kernel: 3, padding: 1).Relu().Winners(rate: 0.5, channels).Conv2d(16, kernel: 3, padding: 1).Tanh()
        .Winners(rate: 0.3, numbers)
        .Flatten().Linear(64).Tanh().Winners(rate: 0.2, numbers).Linear(10)).Initialize(RandomStream.FromSeed(1));

    private static unsafe (double Runtime, double Again) Compare(Network network, OnnxExportOptions options)
    {
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream, options);
        Shape shape = Shape.Create([Batch, .. network.Inputs[0].SampleShape]);
        Tensor x = Random(shape, 99, 0, 1);
        Tensor expected = network.Forward(x);
        float[] input = x.ToArray<float>(), output = new float[expected.Count];
        nint session = OnnxRuntime.OpenModel(stream.ToArray(), threads: 2);
        fixed (float* px = input, py = output)
        {
            nint from = OnnxRuntime.View(px, [.. shape.Select(length => (long)length)]),
                to = OnnxRuntime.View(py, [.. expected.Shape.Select(length => (long)length)]);
            OnnxRuntime.Run(session, from, to, network.Inputs[0].Name, network.Outputs[0].Name);
        }

        stream.Position = 0;
        float[] again = OnnxFile.Read(stream, "export.onnx").Network.Forward(x).ToArray<float>();
        float[] own = expected.ToArray<float>();
        double largest = own.Max(MathF.Abs);
        return (Difference(own, output) / largest, Difference(own, again) / largest);
    }

    private static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();

    private static Tensor Random(Shape shape, int part, float low, float high)
    {
        RandomCursor random = RandomStream.FromSeed(7).Split(part).Cursor();
        return Tensor.From(
            (float[])[.. Enumerable.Range(0, shape.Count).Select(_ => random.NextSingle(low, high))], shape);
    }
}
