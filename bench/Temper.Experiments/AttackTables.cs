using System.Diagnostics;
using System.Globalization;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>
/// Tables about attacks: against other libraries on the same images, a hardened network with a proven bound, guided against plain
/// Carlini-Wagner. A cell that is finished is kept in a file, so that a table goes on where it was stopped.
/// </summary>
internal static class AttackTables
{
    private const string Usage = "usage: attacks reference|convex|guided|minimal|vnn|speed|memory DATA_FOLDER CELLS_FILE [count=N] [seeds=N] [net=NAME] [budget=N]";

    /// <summary>Recorded attacks whose names hold their steps.</summary>
    private static readonly string[] KindsWithSteps = ["ddn", "fmn"];

    private static readonly RandomStream Random = RandomStream.FromSeed(1);

    internal static int Run(string[] args)
    {
        if (args.Length < 3)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var cells = new Cells(args[2]);
        int Number(string name, int usual) => args.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal)) is { } a ? int.Parse(a[(name.Length + 1)..], CultureInfo.InvariantCulture) : usual;
        switch (args[0])
        {
            case "reference": Reference(args[1], cells); break;
            case "convex": Convex(args[1], cells, Number("count", 10_000), Number("skip", 0)); break;
            case "guided": Guided(args[1], cells, Number("count", 200), (Number("seeds", 3), args.FirstOrDefault(a => a.StartsWith("net=", StringComparison.Ordinal))?[4..])); break;
            case "minimal": Minimal(args[1], cells, Number("count", 100)); break;
            case "vnn": PropertyTable.Print(args[1], cells.Get, Number("count", 138), Number("budget", 5000)); break;
            case "speed": Speed(args[1], Number("count", 1000)); break;
            case "memory": Memory(args[1], Number("count", 1000)); break;
            default: Console.Error.WriteLine(Usage); return 2;
        }

        return 0;
    }

    private static void Reference(string data, Cells cells)
    {
        foreach ((string name, int count) in new[] { ("convex_mnist", 100), ("fmn_mnist", 50) })
        {
            IReadOnlyDictionary<string, Tensor> theirs = NpzFile.Load(Path.Combine(data, "attack-reference", $"{name}_0-{count - 1}.npz"));
            (Network network, Dataset test) = Mnist(data, name);
            (Tensor x, Tensor y) = test.Read(0, count);
            foreach (string attack in theirs.Keys.Where(key => key.EndsWith(".l2", StringComparison.Ordinal)).Select(key => key[..^3]))
            {
                if (Ours(attack) is not { } ours)
                {
                    Console.WriteLine($"| {name} | {attack} | not run: no attack of ours by this name |");
                    continue;
                }

                Console.WriteLine(cells.Get($"{name} {attack}", () =>
                {
                    long[] labels = y.ToArray<long>(), predicted = theirs[$"{attack}.pred"].To(DType.Int64).ToArray<long>();
                    float[] l2 = theirs[$"{attack}.l2"].To(DType.Float32).ToArray<float>();
                    AttackResult found = ours.Run(network, x, Criterion.Misclassified(labels), Random);
                    int[] fooled = [.. Enumerable.Range(0, count).Where(i => predicted[i] != labels[i])];
                    double theirMean = fooled.Select(i => (double)l2[i]).DefaultIfEmpty(double.NaN).Average(), ourMean = found.MeanDistance(Norm.L2);
                    return FormattableString.Invariant(
                        $"| {name} | {attack} | success theirs {fooled.Length} of {count}, ours {found.Samples.Count(s => s.IsAdversarial)} | mean L2 theirs {theirMean:F4}, ours {ourMean:F4}, ratio {ourMean / theirMean:F4} |");
                }));
            }
        }
    }

    /// <summary>Our attack with the settings that the name of a recorded one states.</summary>
    private static Attack? Ours(string name)
    {
        string[] words = name.ToLowerInvariant().Split('_', '-', ' ');
        double Value(string prefix, double usual) => words.Select(w => w.StartsWith(prefix, StringComparison.Ordinal)
            && double.TryParse(w[prefix.Length..], NumberStyles.Float, CultureInfo.InvariantCulture, out double v) ? v : double.NaN).FirstOrDefault(v => !double.IsNaN(v), usual);
        double epsilon = Value("eps", 0.1);
        int steps = (int)Value("it", KindsWithSteps.Select(kind => Value(kind, double.NaN)).FirstOrDefault(v => !double.IsNaN(v), 100));
        return words[0] switch
        {
            var w when w.StartsWith("fgsm", StringComparison.Ordinal) => new Fgsm { Epsilon = epsilon },
            var w when w.StartsWith("pgd", StringComparison.Ordinal) => new Pgd { Epsilon = epsilon, Steps = 40, StepSize = epsilon / 10 },
            var w when w.StartsWith("ddn", StringComparison.Ordinal) => new Ddn { Steps = steps },
            var w when w.StartsWith("fmn", StringComparison.Ordinal) => new Fmn { Steps = steps },
            var w when w.StartsWith("cw", StringComparison.Ordinal) => new CarliniWagner { Steps = steps, SearchSteps = (int)Value("bs", 9) },
            _ => null,
        };
    }

    private static void Convex(string data, Cells cells, int count, int skip)
    {
        (Network network, Dataset test) = Mnist(data, "convex_mnist");
        int wrong = 0, done = 0;
        for (int start = skip; start < Math.Min(count, test.Count); start += 500)
        {
            int size = Math.Min(500, Math.Min(count, test.Count) - start);
            string cell = cells.Get($"convex autoattack 0.1 {start} {size}", () =>
            {
                (Tensor x, Tensor y) = test.Read(start, size);
                AttackResult found = new AutoAttack { Epsilon = 0.1 }.Run(network, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
                return $"{found.Samples.Count(s => s.IsAdversarial)}";
            });
            (wrong, done) = (wrong + int.Parse(cell, CultureInfo.InvariantCulture), done + size);
            Console.WriteLine(FormattableString.Invariant($"| convex_mnist, AutoAttack, L-inf 0.1 | {done} images | error {100.0 * wrong / done:F2} % | its authors' PGD 4.1 %, proven 5.8 % on all 10,000 |"));
        }
    }

    /// <summary>Smallest changes at about 100 gradients on a saturated fully connected network, where plain gradients mislead.</summary>
    private static void Minimal(string data, Cells cells, int count)
    {
        Network network = OnnxFile.Load(Path.Combine(data, "onnx-models", "mnist-net_256x2.onnx")).Network;
        var target = new NetworkTarget(network, (0, 1));
        (Tensor x, Tensor y) = DataSource.Open(Path.Combine(data, "mnist")).Test.Read(0, count);
        x = x.Reshape([count, .. target.SampleShape.AsSpan()]);
        foreach (Attack attack in new Attack[]
        {
            new Ddn(), new Fmn(), new Alma { Steps = 100, Smoothing = 0.5 }, new CarliniWagner(), new CarliniWagner { Guidance = Guidance.Weighted }, new CarliniWagner { Guidance = Guidance.Sign }, new MinimalL2(), new Ddn { Steps = 1000 },
        })
        {
            string name = attack is CarliniWagner { Guidance: not Guidance.None and var guidance } ? $"{attack.Name} {guidance}" : attack is Ddn ddn ? $"ddn {ddn.Steps}" : attack.Name;
            Console.WriteLine(cells.Get($"minimal mnist-net_256x2 {name} {count}", () =>
            {
                AttackResult found = attack.Run(target, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
                return FormattableString.Invariant(
                    $"| mnist-net_256x2 | {name} | {count} images | success {found.Samples.Count(s => s.IsAdversarial)} | mean L2 {found.MeanDistance(Norm.L2):F4} | median L2 {found.MedianDistance(Norm.L2):F4} | {found.Samples.Average(s => s.Backwards):F0} gradients |");
            }));
        }
    }

    /// <summary>Guided against plain in the same variable; a seed is another part of the test images.</summary>
    private static void Guided(string data, Cells cells, int count, (int Seeds, string? Net) choice)
    {
        for (int seed = 0; seed < choice.Seeds; seed++)
        {
            Guided(data, cells, count, 2000 + (seed * count), (seed, choice.Net));
        }
    }

    private static void Guided(string data, Cells cells, int count, int start, (int Seed, string? Net) choice)
    {
        int seed = choice.Seed;
        (string Name, Network Network, Dataset Test)[] nets = [Named("fmn_mnist", Mnist(data, "fmn_mnist")), Named("convex_mnist", Mnist(data, "convex_mnist")), Named("resnet-20", Cifar(data))];
        nets = [.. nets.Where(net => choice.Net is null || string.Equals(net.Name, choice.Net, StringComparison.Ordinal))];
        double[] rates = [0.02, 0.05, 0.1, 0.2];
        foreach ((string name, Network network, Dataset test) in nets)
        {
            foreach ((string budget, int searches, int steps) in new[] { ("30", 1, 30), ("100", 4, 25), ("100 in one search", 1, 100) })
            {
                foreach (Guidance guidance in Enum.GetValues<Guidance>())
                {
                    CarliniWagner attack = new() { Guidance = guidance, SearchSteps = searches, Steps = steps, FirstC = 1, DecaysRate = false };

                    // The rate is chosen on 50 images that the row does not use.
                    double rate = rates.MinBy(r => Median(cells, $"{name} {budget} {guidance} rate {r} choice", attack with { LearningRate = r }, network, test, (1000, 50)));
                    string row = string.Join(" | ", rates.Select(r => Result(cells, $"{name} {budget} {guidance} rate {r} seed {seed}", attack with { LearningRate = r }, network, test, (start, count))));
                    Console.WriteLine(FormattableString.Invariant($"| {name} | seed {seed} | {budget} gradients | {guidance} | best rate {rate} | {row} |"));
                }
            }

            foreach (Attack peer in new Attack[] { new Ddn { Steps = 30 }, new Ddn(), new Ddn { Steps = 1000 }, new Fmn { Steps = 30 }, new Fmn(), new Alma { Steps = 100, Smoothing = 0.5 }, new MinimalL2 { PolishSteps = 100 } })
            {
                string settings = peer switch { Ddn d => $"{d.Steps}", Fmn f => $"{f.Steps}", Alma a => $"{a.Steps}", _ => "130" };
                Console.WriteLine($"| {name} | seed {seed} | {settings} gradients | {peer.Name} | | {Result(cells, $"{name} {peer.Name} {settings} seed {seed}", peer, network, test, (start, count))} |");
            }
        }
    }

    private static string Result(Cells cells, string name, Attack attack, Network network, Dataset test, (int Start, int Count) part) => cells.Get($"{name} {part.Count}", () =>
    {
        (Tensor x, Tensor y) = test.Read(part.Start, part.Count);
        AttackResult found = attack.Run(network, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
        SampleResult[] right = [.. found.Samples.Where(s => s.Outcome != AttackOutcome.WrongFromStart)];
        var kept = new AttackResult(found.Adversarials, right);
        return FormattableString.Invariant($"{100.0 * right.Count(s => s.IsAdversarial) / right.Length:F1} % {kept.MeanDistance(Norm.L2):F4} {kept.MedianDistance(Norm.L2):F4}");
    });

    private static double Median(Cells cells, string name, Attack attack, Network network, Dataset test, (int Start, int Count) part) =>
        double.Parse(Result(cells, name, attack, network, test, part).Split(' ')[^1], CultureInfo.InvariantCulture);

    /// <summary>Peak memory of AutoAttack on ResNet-20 at a radius at which all members run. Bar: 600 MiB for 1,000 images.</summary>
    private static void Memory(string data, int count)
    {
        (Network network, Dataset test) = Cifar(data);
        (Tensor x, Tensor y) = test.Read(0, count);
        var watch = Stopwatch.StartNew();
        AttackResult found = new AutoAttack { Epsilon = 1.0 / 255 }.Run(network, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(FormattableString.Invariant(
            $"| AutoAttack, resnet-20, L-inf 1/255 | {count} images | {100 * found.RobustAccuracy:F1} % right | {watch.Elapsed.TotalSeconds:F0} s | peak {process.PeakWorkingSet64 / 1048576.0:F0} MiB (bar 600 at 1,000 images) |"));
    }

    private static void Speed(string data, int count)
    {
        (Network network, Dataset test) = Mnist(data, "fmn_mnist");
        Network lenet = NetworkZoo.Create("lenet-5-caffe").Initialize(RandomStream.FromSeed(1));
        foreach ((string name, Network net) in new[] { ("lenet-5-caffe, random weights", lenet), ("fmn_mnist", network) })
        {
            // The network's own answers as labels, so that every sample takes all steps.
            (Tensor x, _) = test.Read(0, count);
            long[] labels = [.. Evaluator.Predict(net, test, 0, count).Select(answer => (long)answer.Predicted)];
            var watch = Stopwatch.StartNew();
            AttackResult found = new Ddn().Run(net, x, Criterion.Misclassified(labels), Random);
            Console.WriteLine(FormattableString.Invariant($"| DDN-100 | {name} | {count} images | {watch.Elapsed.TotalSeconds:F2} s | {found.Samples.Sum(s => (long)s.Backwards)} gradients | bar 10 s for 1,000 images of LeNet-5 on 2 cores |"));
            watch.Restart();
            long alone = GradientsAlone(new NetworkTarget(net), x.AsSpan<float>(), count, labels);
            Console.WriteLine(FormattableString.Invariant($"| gradients alone | {name} | {count} images | {watch.Elapsed.TotalSeconds:F2} s | {alone} gradients | what the attack cannot be faster than |"));
        }
    }

    /// <summary>As many gradients as DDN takes, in batches of 128, without an attack.</summary>
    private static long GradientsAlone(NetworkTarget target, ReadOnlySpan<float> x, int count, long[] labels)
    {
        const int Batch = 128, Steps = 100;
        int size = target.SampleShape.Count;
        float[] logits = new float[Batch * target.Classes], gradient = new float[Batch * size];
        long done = 0;
        for (int step = 0; step < Steps; step++)
        {
            for (int start = 0; start < count; start += Batch)
            {
                int rows = Math.Min(Batch, count - start), first = start;
                target.Gradient(x.Slice(start * size, rows * size), rows, logits, (row, z, slope) => new AttackLoss(LossKind.CrossEntropy, (int)labels[first + row]).Evaluate(z, slope), gradient);
                done += rows;
            }
        }

        return done;
    }

    private static (string Name, Network Network, Dataset Test) Named(string name, (Network Network, Dataset Test) net) => (name, net.Network, net.Test);

    private static (Network Network, Dataset Test) Mnist(string data, string name)
    {
        InputSpec input = InputSpec.Image(1, 28, 28);
        Network network = name is "convex_mnist"
            ? Network.Build(input, x => x
                .Conv2d(16, kernel: 4, stride: 2, padding: 1, name: "0").Relu("1").Conv2d(32, kernel: 4, stride: 2, padding: 1, name: "2").Relu("3")
                .Flatten("4").Linear(100, name: "5").Relu("6").Linear(10, name: "7"))
            : Network.Build(input, x => x
                .Conv2d(32, kernel: 3).Relu().Conv2d(32, kernel: 3).Relu().MaxPool2d(2).Conv2d(64, kernel: 3).Relu().Conv2d(64, kernel: 3).Relu().MaxPool2d(2)
                .Flatten().Linear(200).Relu().Linear(200).Relu().Linear(10));
        return (ModelFile.LoadWeights(network, Path.Combine(data, "mnist-models", $"{name}.safetensors")), DataSource.Open(Path.Combine(data, "mnist")).Test);
    }

    private static (Network Network, Dataset Test) Cifar(string data)
    {
        var options = new ZooOptions { Preprocessing = new Normalize { Mean = [0.485f, 0.456f, 0.406f], Deviation = [0.229f, 0.224f, 0.225f] } };
        return (
            ModelFile.LoadWeights(NetworkZoo.ResNetCifar(20, options), Path.Combine(data, "cifar10-resnet-checkpoints", "resnet20-12fca82f.safetensors")),
            DataSource.Open(Path.Combine(data, "cifar10")).Test);
    }

    /// <summary>Finished cells of tables, a line each: name, tab, text.</summary>
    private sealed class Cells
    {
        private readonly string _path;
        private readonly Dictionary<string, string> _done = new(StringComparer.Ordinal);

        internal Cells(string path)
        {
            _path = path;
            foreach (string[] parts in File.Exists(path) ? File.ReadAllLines(path).Select(line => line.Split('\t')).Where(parts => parts.Length == 2) : [])
            {
                _done[parts[0]] = parts[1];
            }
        }

        internal string Get(string name, Func<string> compute)
        {
            if (!_done.TryGetValue(name, out string? text))
            {
                text = compute();
                _done[name] = text;
                File.AppendAllText(_path, $"{name}\t{text}\n");
            }

            return text;
        }
    }
}
