using System.Diagnostics;
using System.Globalization;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// A complete Carlini-Wagner run in tanh space with a single c and the same number of gradients for every image,
/// compared with the same run in PyTorch in the faster of two memory formats. Neither stops early. A run takes seconds,
/// so the libraries run in turns, and the fastest of a few runs counts. Target: at most 0.6 times the time of PyTorch.
/// </summary>
internal static class CarliniWagnerTable
{
    private const string Model = "resnet-20";

    /// <param name="arguments">Images, steps, turns, threads; defaults: 50, 50, 5 and 2.</param>
    public static int Run(string[] arguments)
    {
        int Number(int index, int defaultValue) =>
            arguments.Length > index ? int.Parse(arguments[index], CultureInfo.InvariantCulture) : defaultValue;
        (int images, int steps, int turns, int threads) = (Number(0, 50), Number(1, 50), Number(2, 5), Number(3, 2));
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        using PyTorchWorker? nchw = Start("nchw", (images, steps, threads)),
            nhwc = Start("nhwc", (images, steps, threads));
        if (nchw is null || nhwc is null)
        {
            Console.Error.WriteLine("cw: PyTorch is not installed; see bench/README.md");
            return 5;
        }

        Func<double>[] runs = [Ours(images, steps), () => Torch(nchw), () => Torch(nhwc)];
        double[] times = [.. runs.Select(_ => double.PositiveInfinity)];
        for (int turn = 0; turn < turns; turn++)
        {
            for (int i = 0; i < runs.Length; i++)
            {
                // Idle workers of the previous library spin for a while and would disturb the next run.
                Thread.Sleep(40);
                times[i] = Math.Min(times[i], runs[i]());
            }
        }

        string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        var table = new TextTable("Carlini-Wagner", "Temper s", "nchw s", "nhwc s", "time ratio", "bar");
        table.Row(
            $"{Model}, {images} images, {steps} steps", Text(times[0], "F3"), Text(times[1], "F3"),
            Text(times[2], "F3"),
            Text(times[0] / Math.Min(times[1], times[2]), "F2"), "0.60");
        return 0;
    }

    /// <summary>
    /// Prepares the attack on random images. Labels are the network's own predictions, so that every image takes all
    /// steps. The returned function runs the attack and returns its seconds.
    /// </summary>
    private static Func<double> Ours(int images, int steps)
    {
        Network network = NetworkZoo.Create(Model).Initialize(RandomStream.FromSeed(1));
        Shape shape = Shape.Create([images, .. network.Inputs[0].SampleShape.AsSpan()]);
        float[] pixels = new float[shape.Count];
        RandomStream.FromSeed(3).Fill(pixels);
        Tensor x = Tensor.From(pixels, shape);
        var target = new NetworkTarget(network, (0, 1));
        float[] logits = new float[images * target.Classes];
        target.Scores(pixels, images, logits);
        long[] labels =
        [
            .. Enumerable.Range(0, images).Select(
                i =>
                    (long)logits.AsSpan(i * target.Classes, target.Classes)
                        .IndexOf(logits.Skip(i * target.Classes).Take(target.Classes).Max())),
        ];
        var attack = new CarliniWagner
        {
            Variable = AttackVariable.Tanh, SearchSteps = 1, Steps = steps, FirstC = 1, LearningRate = 0.01,
            DecaysRate = false,
        };
        return () =>
        {
            var watch = Stopwatch.StartNew();
            AttackResult found = attack.Run(target, x, Criterion.Misclassified(labels), RandomStream.FromSeed(1));
            double seconds = watch.Elapsed.TotalSeconds;
            Trace.Assert(found.Samples.All(s => s.Backwards == steps), "cw: every image takes all steps");
            return seconds;
        };
    }

    private static PyTorchWorker? Start(string format, (int Images, int Steps, int Threads) run)
    {
        PyTorchWorker? worker = PyTorchWorker.TryStart("pytorch_attack.py", run.Threads);
        worker?.Ask(
            new
            {
                @do = "prepare", model = Model, images = run.Images, steps = run.Steps, threads = run.Threads, format,
            });
        return worker;
    }

    private static double Torch(PyTorchWorker worker) =>
        worker.Ask(new { @do = "run" }).GetProperty("seconds").GetDouble();
}
