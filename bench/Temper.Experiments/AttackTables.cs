using System.Globalization;
using Temper.Data;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Experiments;

/// <summary>
/// Tables of attacks: comparison with other libraries on the same images, a hardened network with a proven bound,
/// guided compared with plain Carlini-Wagner. Finished cells are stored in a file, so that an interrupted table
/// continues.
/// </summary>
internal static class AttackTables
{
    private const string Usage =
        "usage: attacks reference|convex|guided|minimal|vnn|speed|memory DATA_FOLDER CELLS_FILE [NAME=VALUE ...]; see "
        + "bench/README.md";

    /// <summary>Kinds of recorded attacks whose names contain the number of steps.</summary>
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
        switch (args[0])
        {
            case "reference": Reference(args[1], cells, Given("rows")); break;
            case "convex": Convex(args[1], cells, Given("count", "part", "skip")); break;
            case "guided":
                TableArguments guided = Given(
                    "count", "seeds", "original", "net", "budgets", "forms", "rates", "peers");
                GuidedTable.Print(args[1], cells, guided);
                break;
            case "minimal": Minimal(args[1], cells, Given("count").Count("count", 100)); break;
            case "vnn":
                PropertyTable.Print(args[1], cells.Get, Given("count", "budget", "verdict", "benchmark"));
                break;
            case "speed": AttackCosts.Speed(args[1], Given("count", "net")); break;
            case "memory": AttackCosts.Memory(args[1], Given("count", "steps", "queries")); break;
            default: Console.Error.WriteLine(Usage); return 2;
        }

        return 0;

        TableArguments Given(params string[] names) => new($"attacks {args[0]}", args[3..], names);
    }

    private static void Reference(string data, Cells cells, TableArguments given)
    {
        foreach ((string name, int count) in new[] { ("convex_mnist", 100), ("fmn_mnist", 50) })
        {
            IReadOnlyDictionary<string, Tensor> theirs = NpzFile.Load(
                Path.Combine(data, "attack-reference", $"{name}_0-{count - 1}.npz"));
            (Network network, Dataset test) = AttackNetworks.Mnist(data, name);
            (Tensor x, Tensor y) = test.Read(0, count);
            foreach (string attack in
                theirs.Keys.Where(key => key.EndsWith(".l2", StringComparison.Ordinal)).Select(key => key[..^3])
                    .Where(row => given.Wants("rows", row)))
            {
                if (Ours(attack) is not { } ours)
                {
                    Console.WriteLine($"| {name} | {attack} | not run: Temper has no attack of this name |");
                    continue;
                }

                Console.WriteLine(cells.Get($"{name} {attack}", () =>
                {
                    long[] labels = y.ToArray<long>(),
                        predicted = theirs[$"{attack}.pred"].To(DType.Int64).ToArray<long>();
                    float[] l2 = theirs[$"{attack}.l2"].To(DType.Float32).ToArray<float>();
                    AttackResult found = ours.Run(network, x, Criterion.Misclassified(labels), Random);
                    bool[] fooled = [.. Enumerable.Range(0, count).Select(i => predicted[i] != labels[i])];
                    return $"| {name} | {attack} {Compared(found, fooled, l2)}";
                }));
            }
        }
    }

    /// <summary>
    /// Compares successes and mean distances of an attack with recorded ones. The first means are over the samples that
    /// both fooled, because an attack that fools more samples also fools harder ones; the last ones are over all
    /// samples that were correct at first and that the attack fooled.
    /// </summary>
    private static string Compared(AttackResult found, bool[] fooled, float[] l2)
    {
        SampleResult[] ours = [.. found.Samples];
        int[] right = [.. Enumerable.Range(0, ours.Length).Where(i => ours[i].Outcome != AttackOutcome.WrongFromStart)],
            both = [.. right.Where(i => fooled[i] && ours[i].IsAdversarial)];
        double theirMean = Mean(both.Select(i => (double)l2[i])), ourMean = Mean(both.Select(i => ours[i].L2)),
            theirAll = Mean(right.Where(i => fooled[i]).Select(i => (double)l2[i])),
            ourAll = Mean(right.Where(i => ours[i].IsAdversarial).Select(i => ours[i].L2));
        return FormattableString.Invariant($"| success theirs {fooled.Count(one => one)} of {ours.Length}, ")
            + FormattableString.Invariant($"ours {ours.Count(one => one.IsAdversarial)} ")
            + FormattableString.Invariant($"| mean L2 where both succeed: theirs {theirMean:F4}, ours {ourMean:F4}, ")
            + FormattableString.Invariant($"ratio {ourMean / theirMean:F4} ")
            + FormattableString.Invariant($"| of all fooled: theirs {theirAll:F4}, ours {ourAll:F4} |");

        static double Mean(IEnumerable<double> distances) => distances.DefaultIfEmpty(double.NaN).Average();
    }

    /// <summary>
    /// Returns Temper's attack with the settings in the name of a recorded attack; null if there is none.
    /// </summary>
    private static Attack? Ours(string name)
    {
        string[] words = name.ToLowerInvariant().Split('_', '-', ' ');
        double Value(string prefix, double defaultValue) => words
            .Select(w => w.StartsWith(prefix, StringComparison.Ordinal)
                && double.TryParse(w[prefix.Length..], NumberStyles.Float, CultureInfo.InvariantCulture, out double v)
                    ? v
                    : double.NaN)
            .FirstOrDefault(v => !double.IsNaN(v), defaultValue);
        double epsilon = Value("eps", 0.1);
        int steps = (int)Value(
            "it", KindsWithSteps.Select(kind => Value(kind, double.NaN)).FirstOrDefault(v => !double.IsNaN(v), 100));
        return words[0] switch
        {
            var w when w.StartsWith("fgsm", StringComparison.Ordinal) => new Fgsm { Epsilon = epsilon },
            var w when w.StartsWith("pgd", StringComparison.Ordinal) =>
                new Pgd { Epsilon = epsilon, Steps = 40, StepSize = epsilon / 10 },
            var w when w.StartsWith("ddn", StringComparison.Ordinal) => new Ddn { Steps = steps },
            var w when w.StartsWith("fmn", StringComparison.Ordinal) => new Fmn { Steps = steps },
            var w when w.StartsWith("cw", StringComparison.Ordinal) =>
                new CarliniWagner { Steps = steps, SearchSteps = (int)Value("bs", 9) },
            _ => null,
        };
    }

    private static void Convex(string data, Cells cells, TableArguments given)
    {
        (Network network, Dataset test) = AttackNetworks.Mnist(data, "convex_mnist");
        int count = Math.Min(given.Count("count", 10_000), test.Count), part = given.Count("part", 500), wrong = 0,
            done = 0;
        for (int start = given.Count("skip", 0); start < count; start += part)
        {
            int size = Math.Min(part, count - start);
            string cell = cells.Get($"convex autoattack 0.1 {start} {size}", () =>
            {
                (Tensor x, Tensor y) = test.Read(start, size);
                AttackResult found = new AutoAttack { Epsilon = 0.1 }.Run(
                    network, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
                return $"{found.Samples.Count(s => s.IsAdversarial)}";
            });
            (wrong, done) = (wrong + int.Parse(cell, CultureInfo.InvariantCulture), done + size);
            Console.WriteLine(
                FormattableString.Invariant($"| convex_mnist, AutoAttack, L-inf 0.1 | {done} images ")
                + FormattableString.Invariant($"| error {100.0 * wrong / done:F2} % ")
                + "| authors' PGD 4.1 %, proven bound 5.8 %, on all 10,000 |");
        }
    }

    /// <summary>
    /// Compares minimal perturbations at about 100 gradients on a saturated fully connected network, on which plain
    /// gradients mislead.
    /// </summary>
    private static void Minimal(string data, Cells cells, int count)
    {
        Network network = OnnxFile.Load(Path.Combine(data, "onnx-models", "mnist-net_256x2.onnx")).Network;
        var target = new NetworkTarget(network, (0, 1));
        (Tensor x, Tensor y) = DataSource.Open(Path.Combine(data, "mnist")).Test.Read(0, count);
        x = x.Reshape([count, .. target.SampleShape.AsSpan()]);
        foreach (Attack attack in new Attack[]
        {
            new Ddn(), new Fmn(), new Alma { Steps = 100, Smoothing = 0.5 }, new CarliniWagner(),
            new CarliniWagner { Guidance = Guidance.Weighted }, new CarliniWagner { Guidance = Guidance.Sign },
            new MinimalL2(), new Ddn { Steps = 1000 },
        })
        {
            string name = attack is CarliniWagner { Guidance: not Guidance.None and var guidance }
                ? $"{attack.Name} {guidance}"
                : attack is Ddn ddn ? $"ddn {ddn.Steps}" : attack.Name;
            Console.WriteLine(cells.Get($"minimal mnist-net_256x2 {name} {count}", () =>
            {
                AttackResult found = attack.Run(target, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
                return FormattableString.Invariant($"| mnist-net_256x2 | {name} | {count} images ")
                    + FormattableString.Invariant($"| success {found.Samples.Count(s => s.IsAdversarial)} ")
                    + FormattableString.Invariant($"| mean L2 {found.MeanDistance(Norm.L2):F4} ")
                    + FormattableString.Invariant($"| median L2 {found.MedianDistance(Norm.L2):F4} ")
                    + FormattableString.Invariant($"| {found.Samples.Average(s => s.Backwards):F0} gradients |");
            }));
        }
    }
}
