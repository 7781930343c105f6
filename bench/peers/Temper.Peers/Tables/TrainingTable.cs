using Temper.Cli.Benchmarks;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>
/// Complete training steps (forward, backward, SGD with momentum), compared with PyTorch in the faster of two memory
/// formats.
/// </summary>
internal static class TrainingTable
{
    private static readonly (string Network, int Batch, double Bar)[] Rows =
    [
        ("lenet-300-100", 64, 0.55), ("lenet-5", 64, 0.60), ("lenet-5-caffe", 64, 0.75), ("convnet-small", 64, 0.85),
        ("resnet-20", 128, 0.90), ("vgg-16-bn", 64, 0.82),
    ];

    /// <param name="arguments">Text in row names, seconds per row and library, threads.</param>
    public static int Run(string[] arguments)
    {
        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 6;
        int threads = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2;
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("network, batch", "Temper ms", "nchw ms", "nhwc ms", "time ratio", "bar");
        foreach ((string network, int batch, double bar) in
            Rows.Where(r => r.Network.Contains(part, StringComparison.Ordinal)))
        {
            using PyTorchWorker? nchw = Start(network, batch, "nchw", threads);
            using PyTorchWorker? nhwc = Start(network, batch, "nhwc", threads);
            if (nchw is null || nhwc is null)
            {
                Console.Error.WriteLine("step: PyTorch is not installed; see bench/README.md");
                return 5;
            }

            using var work = new TrainingWork(network, batch);
            double[] times = Rounds.Measure([new("Temper", work.Run), Torch(nchw), Torch(nhwc)], seconds);
            double ratio = times[0] / Math.Min(times[1], times[2]);
            table.Row(
                $"{network}, {batch}", Milliseconds(times[0]), Milliseconds(times[1]), Milliseconds(times[2]),
                ratio.ToString("F2", CultureInfo.InvariantCulture), bar.ToString("F2", CultureInfo.InvariantCulture));
        }

        return 0;
    }

    internal static PyTorchWorker? Start(string network, int batch, string format, int threads)
    {
        PyTorchWorker? worker = PyTorchWorker.TryStart("pytorch_training.py", threads);
        worker?.Ask(new { @do = "prepare", model = network, batch, format, threads, training = true });
        return worker;
    }

    private static Contender Torch(PyTorchWorker worker) => new("PyTorch", () => { })
    {
        Turn = seconds => [
            .. worker.Ask(new { @do = "run", seconds }).GetProperty("ms").EnumerateArray()
                .Select(t => t.GetDouble() / 1000)],
    };

    private static string Milliseconds(double seconds) => (seconds * 1000).ToString("F3", CultureInfo.InvariantCulture);
}
