using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;
using Temper.Peers.Native;
using Temper.Randomness;
using Temper.Tensors.Memory;

namespace Temper.Peers.Tables;

/// <summary>
/// The three passes of convolution layers, compared with the best of PyTorch (both memory formats) and ONNX Runtime
/// (forward pass only). Temper's times include the packing of the weights.
/// </summary>
internal static class ConvolutionTable
{
    /// <summary>Layers of VGG on 32x32 images, and two 1x1 layers, which the mean leaves out.</summary>
    private static readonly ConvolutionLayer[] Vgg =
    [
        new(64, 3, 64, 32, 3, 1, 1), new(64, 64, 64, 32, 3, 1, 1), new(64, 64, 128, 16, 3, 1, 1),
        new(64, 128, 128, 16, 3, 1, 1),
        new(64, 256, 256, 8, 3, 1, 1), new(64, 512, 512, 4, 3, 1, 1), new(64, 64, 64, 32, 1, 1, 0),
        new(64, 256, 256, 8, 1, 1, 0),
    ];

    private static readonly ConvolutionLayer[] Small =
    [
        new(128, 3, 16, 32, 3, 1, 1), new(128, 16, 16, 32, 3, 1, 1), new(128, 16, 32, 32, 3, 2, 1),
        new(128, 32, 32, 16, 3, 1, 1),
        new(128, 32, 64, 16, 3, 2, 1), new(128, 64, 64, 8, 3, 1, 1), new(64, 1, 20, 28, 5, 1, 0),
        new(64, 20, 50, 12, 5, 1, 0),
        new(64, 1, 6, 28, 5, 1, 2), new(64, 6, 16, 14, 5, 1, 0), new(64, 3, 32, 32, 3, 1, 1),
        new(64, 32, 32, 32, 3, 1, 1),
        new(64, 32, 64, 16, 3, 1, 1), new(64, 64, 64, 16, 3, 1, 1),
    ];

    /// <param name="arguments">
    /// <c>vgg</c> or <c>small</c>, text in row names, seconds per row and library, threads (default: 2). With 1 thread,
    /// times are CPU times of the thread, which other processes hardly affect.
    /// </param>
    public static int Run(string[] arguments)
    {
        int threads = arguments.Length > 3 ? int.Parse(arguments[3], CultureInfo.InvariantCulture) : 2;
        using PyTorchWorker? torch = PyTorchWorker.TryStart("pytorch_convolution.py", threads);
        if (torch is null && !OnnxRuntime.IsInstalled)
        {
            Console.Error.WriteLine("conv: neither PyTorch nor ONNX Runtime is installed; see bench/README.md");
            return 5;
        }

        ConvolutionLayer[] layers =
            string.Equals(arguments.FirstOrDefault(), "small", StringComparison.Ordinal) ? Small : Vgg;
        string part = arguments.Length > 1 ? arguments[1] : "";
        double seconds = arguments.Length > 2 ? double.Parse(arguments[2], CultureInfo.InvariantCulture) : 0.7;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable(
            "layer, batch", "pass", "Temper ms", "GFLOP/s", "nchw ms", "nhwc ms", "ORT ms", "speed ratio");
        var ratios = new List<double>();
        foreach (ConvolutionLayer layer in
            layers.Where(l => l.ToString().Contains(part, StringComparison.OrdinalIgnoreCase)))
        {
            double[] found = new Comparison(layer, torch, seconds, threads).Run(table);
            ratios.AddRange(layer.Kernel == 1 ? [] : found);
        }

        if (ratios.Count > 0)
        {
            Console.WriteLine(
                $"geometric mean of the ratios without 1x1 layers: {TextTable.GeometricMean(ratios):F3}; minimum "
                + $"{ratios.Min():F2}");
        }

        return 0;
    }

    /// <summary>Times one layer in all libraries.</summary>
    private sealed class Comparison
    {
        private const int ChainLength = 4;

        private const string Forward = "forward";

        private readonly ConvolutionLayer _layer;
        private readonly PyTorchWorker? _torch;
        private readonly double _seconds;
        private readonly int _threads;
        private readonly Memory<float> _x;
        private readonly Memory<float> _w;
        private readonly Memory<float> _y;
        private readonly Memory<float> _dx;
        private readonly Memory<float> _dw;

        public Comparison(ConvolutionLayer layer, PyTorchWorker? torch, double seconds, int threads)
        {
            (_layer, _torch, _seconds, _threads) = (layer, torch, seconds, threads);
            ConvolutionGeometry g = layer.Geometry;
            (_x, _w, _y) = (Numbers(g.InCount, 1), Numbers(g.WeightCount, 2), Numbers(g.OutCount, 3));
            (_dx, _dw) = (Numbers(g.InCount, 4), Numbers(g.WeightCount, 5));
        }

        /// <summary>
        /// Adds the rows of the layer to the table and returns the speed ratios. The data-gradient pass is skipped for
        /// a first layer (at most 3 input channels), whose input needs no gradient.
        /// </summary>
        public double[] Run(TextTable table)
        {
            _torch?.Ask(new
            {
                @do = "prepare", threads = _threads, batch = _layer.Batch, inputs = _layer.Inputs,
                outputs = _layer.Outputs,
                size = _layer.Size, kernel = _layer.Kernel, stride = _layer.Stride, padding = _layer.Padding,
            });
            ConvolutionGeometry g = _layer.Geometry;
            var ratios = new List<double>
            {
                Row(table, Forward, () => Convolution.Forward(g, _x.Span, _w.Span, _y.Span, default)),
            };
            if (_layer.Inputs > 3)
            {
                ratios.Add(Row(table, "data", () => Convolution.BackwardData(g, _y.Span, _w.Span, _dx.Span)));
            }

            ratios.Add(Row(table, "weights", () => Convolution.BackwardWeights(g, _x.Span, _y.Span, _dw.Span)));
            return [.. ratios];
        }

        private double Row(TextTable table, string pass, Action ours)
        {
            List<Contender> contenders = [new("Temper", ours)];
            if (_torch is not null)
            {
                contenders.Add(Torch(pass, "nchw"));
                contenders.Add(Torch(pass, "nhwc"));
            }

            bool usesOnnx = OnnxRuntime.IsInstalled && string.Equals(pass, Forward, StringComparison.Ordinal);
            if (usesOnnx)
            {
                contenders.Add(Onnx(1));
                contenders.AddRange(_layer.IsChain ? [Onnx(ChainLength)] : []);
            }

            double[] times = Rounds.Measure(contenders, _seconds, _threads == 1 ? () => ThreadClock.Seconds : null);
            double[] torch = _torch is null ? [] : times[1..3];

            // ONNX Runtime uses its own memory layout between layers. The time that a longer chain adds excludes the
            // conversions at both ends.
            double[] onnx =
                !usesOnnx ? [] : _layer.IsChain ? [(times[^1] - times[^2]) / (ChainLength - 1)] : [times[^1]];
            double ratio = torch.Concat(onnx).Min() / times[0];
            table.Row(
                _layer.ToString(), pass, Milliseconds(times[..1]), $"{2e-9 * _layer.Multiplications / times[0]:F0}",
                Milliseconds(torch.Take(1)),
                Milliseconds(torch.Skip(1)), Milliseconds(onnx), $"{ratio:F2}");
            return ratio;
        }

        private Contender Torch(string pass, string format) => new(
            format,
            () => _torch!.Ask(new { @do = "run", work = pass, format, seconds = 0 }))
        {
            Turn = seconds => [.. _torch!.Ask(new { @do = "run", work = pass, format, seconds })
                .GetProperty("seconds").EnumerateArray().Select(e => e.GetDouble())],
        };

        private unsafe Contender Onnx(int length)
        {
            Memory<float> x = Numbers(_layer.Geometry.InCount, 1), y = Numbers(_layer.Geometry.OutCount, 3);
            nint session = OnnxRuntime.OpenModel(OnnxChain.Write(_layer, length, _w.Span), _threads);
            nint input = View(x, _layer.Inputs, _layer.Size), output = View(y, _layer.Outputs, _layer.OutSize);
            return new($"ORT {length}", () =>
            {
                OnnxRuntime.Run(session, input, output);
                GC.KeepAlive(x);
                GC.KeepAlive(y);
            });
        }

        private unsafe nint View(Memory<float> pinned, int channels, int size)
        {
            fixed (float* data = pinned.Span)
            {
                return OnnxRuntime.View(data, [_layer.Batch, channels, size, size]);
            }
        }

        private static string Milliseconds(IEnumerable<double> seconds) =>
            string.Join(" ", seconds.Select(s => (s * 1e3).ToString("F3", CultureInfo.InvariantCulture)));

        /// <summary>
        /// Returns noise with the alignment of tensors, pinned because other libraries store the address.
        /// </summary>
        private static Memory<float> Numbers(long count, ulong seed)
        {
            Memory<float> values = BufferPool<float>.AllocateAligned(checked((int)count));
            RandomStream.FromSeed(seed).FillUniform(values.Span, -1, 1);
            return values;
        }
    }
}
