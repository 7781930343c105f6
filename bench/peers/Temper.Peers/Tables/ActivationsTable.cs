using System.Diagnostics;
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
/// Times of activation functions (values and gradients) and of networks that use them. Given the path of another
/// build's Temper.Peers.dll, both builds are timed in turns and compared. Targets: at most 1.3 times the other build's
/// time for a kernel and 1.05 times for a network.
/// </summary>
internal static class ActivationsTable
{
    private const double KernelBar = 1.3, NetworkBar = 1.05;

    /// <summary>Elements per kernel call; three arrays of this size fit in a second-level cache.</summary>
    private const int Floats = 64 * 1024;

    private const int Turns = 5;

    private static readonly (string Name, ElementwiseOperator Operator)[] Activations =
    [
        ("tanh", new Temper.Networks.Tanh()), ("sigmoid", new Temper.Networks.Sigmoid()), ("softplus", new Softplus()),
        ("elu", new Elu()), ("selu", new Selu()), ("celu", new Celu()), ("mish", new Pointwise(PointwiseFunction.Mish)),
        ("softsign", new Pointwise(PointwiseFunction.Softsign)), ("gelu", new Gelu()),
        ("gelu, approximate", new Gelu(IsApproximate: true)),
    ];

    /// <param name="arguments">Seconds per row and turn; optionally the path of the other build.</param>
    public static int Run(string[] arguments)
    {
        string seconds = arguments.Length > 0 ? arguments[0] : "0.2";
        if (arguments.Length < 2)
        {
            Print(Measure(double.Parse(seconds, CultureInfo.InvariantCulture)));
            return 0;
        }

        var ours = new Dictionary<string, double>(StringComparer.Ordinal);
        var theirs = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int turn = 0; turn < Turns; turn++)
        {
            Keep(ours, Child(typeof(ActivationsTable).Assembly.Location, seconds));
            Keep(theirs, Child(arguments[1], seconds));
        }

        var table = new TextTable("row", "us", "other build us", "ratio", "bar", "");
        foreach ((string name, double time) in ours)
        {
            double ratio = time / theirs[name],
                bar = name.Contains("network", StringComparison.Ordinal) ? NetworkBar : KernelBar;
            table.Row(
                name, Text(1e6 * time), Text(1e6 * theirs[name]), Text(ratio), Text(bar), ratio > bar ? "SHORT" : "");
        }

        return 0;
    }

    private static List<(string Name, double Seconds)> Measure(double seconds)
    {
        var rows = new List<(string Name, double Seconds)>();
        using var pool = new WorkerPool(1);
        using WorkerPool.Usage usage = pool.Use();
        var vector = new InputSpec { Name = "x", SampleShape = [Floats] };
        foreach ((string name, ElementwiseOperator activation) in Activations)
        {
            (double values, double gradient) = Times(
                Network.Build(vector, x => x.Apply(activation)).Initialize(RandomStream.FromSeed(1)), 1, seconds);
            rows.Add(($"{name}, values", values));
            rows.Add(($"{name}, gradient", gradient));
        }

        foreach ((string name, ElementwiseOperator activation) in Activations)
        {
            Network network = Network.Build(InputSpec.Image(1, 28, 28), x => x
                .Conv2d(6, kernel: 5).Apply(activation).MaxPool2d(2).Conv2d(16, kernel: 5).Apply(activation)
                .MaxPool2d(2)
                .Flatten().Linear(120).Apply(activation).Linear(84).Apply(activation)
                .Linear(10)).Initialize(RandomStream.FromSeed(1));
            (double values, double gradient) = Times(network, 64, seconds);
            rows.Add(($"network with {name}", values + gradient));
        }

        return rows;
    }

    /// <summary>Returns the seconds of the forward pass, and the additional seconds of the input gradient.</summary>
    private static (double Values, double Gradient) Times(Network network, int batch, double seconds)
    {
        Tensor x = Noise([batch, .. network.Inputs[0].SampleShape.ToArray()], 2),
            cotangent = Noise(network.Forward(x).Shape, 3);
        double[] times = Rounds.Measure(
            [
                new("values", () =>
                {
                    using var scope = new TensorScope();
                    network.Forward(x);
                }),
                new("both", () =>
                {
                    using var tape = new GradientTape();
                    tape.Watch(x);
                    tape.Gradient([(network.Forward(x), cotangent)], [x]);
                }),
            ],
            seconds);
        return (times[0], times[1] - times[0]);
    }

    private static Tensor Noise(Shape shape, ulong seed)
    {
        float[] values = new float[shape.Count];
        RandomStream.FromSeed(seed).FillGaussian(values);
        return Tensor.From(values, shape);
    }

    private static void Print(IEnumerable<(string Name, double Seconds)> rows)
    {
        foreach ((string name, double seconds) in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}\t{seconds:R}"));
        }
    }

    private static IEnumerable<(string Name, double Seconds)> Child(string build, string seconds)
    {
        using Process process =
            Process.Start(
                new ProcessStartInfo("dotnet", [build, "activations", seconds])
                {
                    RedirectStandardOutput = true, UseShellExecute = false,
                })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        foreach (string[] cells in
            output.Split('\n').Select(line => line.Split('\t')).Where(cells => cells.Length == 2))
        {
            yield return (cells[0], double.Parse(cells[1], CultureInfo.InvariantCulture));
        }
    }

    private static void Keep(Dictionary<string, double> min, IEnumerable<(string Name, double Seconds)> rows)
    {
        foreach ((string name, double seconds) in rows)
        {
            min[name] = Math.Min(seconds, min.GetValueOrDefault(name, double.MaxValue));
        }
    }

    private static string Text(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
