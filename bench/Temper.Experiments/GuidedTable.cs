using System.Globalization;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Experiments;

/// <summary>
/// Compares guided with plain Carlini-Wagner in the same variable, each at its best learning rate of the same grid,
/// selected on 50 images that no row uses; also with the original and with other attacks. These attacks draw no random
/// numbers, so a seed selects another part of the test images.
/// </summary>
internal sealed class GuidedTable(
    Cells cells, TableArguments arguments, (string Name, Network Network, Dataset Test) net)
{
    /// <summary>
    /// Grid of learning rates. The plain form needs the small ones on images that a small perturbation fools.
    /// </summary>
    private static readonly double[] Rates = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];

    /// <summary>Smallest rate that is included in the printed spread over rates.</summary>
    private const double FirstOfSpread = 0.02;

    private static double[] SpreadRates => [.. Rates.Where(rate => rate >= FirstOfSpread)];

    private static readonly (string Name, int Searches, int Steps)[] Budgets =
        [("30", 1, 30), ("100", 4, 25), ("100 in one search", 1, 100)];

    private readonly int _count = arguments.Count("count", 200);

    internal static void Print(string data, Cells cells, TableArguments arguments)
    {
        (string Name, Func<(Network Network, Dataset Test)> Load)[] nets =
        [
            ("fmn_mnist", () => AttackNetworks.Mnist(data, "fmn_mnist")),
            ("convex_mnist", () => AttackNetworks.Mnist(data, "convex_mnist")),
            ("resnet-20", () => AttackNetworks.Cifar(data)),
        ];
        int seeds = arguments.Count("seeds", 3), original = arguments.Count("original", 50);
        foreach (
            (string name, Func<(Network Network, Dataset Test)> load) in nets.Where(
                net => arguments.Wants("net", net.Name)))
        {
            (Network network, Dataset test) = load();
            var table = new GuidedTable(cells, arguments, (name, network, test));
            for (int seed = 0; seed < seeds; seed++)
            {
                table.Seed(seed);
            }

            table.Original(original);
        }
    }

    private void Seed(int seed)
    {
        foreach ((string budget, int searches, int steps) in Budgets.Where(row => arguments.Wants("budgets", row.Name)))
        {
            foreach (Guidance guidance in
                Enum.GetValues<Guidance>().Where(form => arguments.Wants("forms", form.ToString())))
            {
                CarliniWagner attack = Textbook(guidance, searches, steps);
                double best = BestRate($"{budget} {guidance}", attack);
                Summary[] all =
                [
                    .. SpreadRates.Where(_ => arguments.Wants("rates", "all"))
                        .Select(r => Result($"{budget} {guidance} rate {r}", attack with { LearningRate = r }, seed)),
                ];
                Summary chosen = Result($"{budget} {guidance} rate {best}", attack with { LearningRate = best }, seed);
                string spread = all.Length == 0
                    ? "not run"
                    : Text($"{100 * ((all.Max(s => s.Mean) / all.Min(s => s.Mean)) - 1):F1} %");
                Row(
                    seed, $"{budget} gradients", guidance.ToString(),
                    Text($"rate {best}: {chosen}, spread of the mean over rates {spread}"));
                Row(
                    seed, $"{budget} gradients", $"{guidance}, c and step from the sample",
                    Result(
                        $"{budget} {guidance} own",
                        new CarliniWagner { Guidance = guidance, SearchSteps = searches, Steps = steps },
                        seed).ToString());
            }
        }

        Attack[] peers =
        [
            new Ddn { Steps = 30 }, new Ddn(), new Ddn { Steps = 1000 }, new Fmn { Steps = 30 }, new Fmn(),
            new Alma { Steps = 100, Smoothing = 0.5 }, new MinimalL2(),
        ];
        foreach (Attack peer in peers.Where(peer => arguments.Wants("peers", peer.Name)))
        {
            int steps = peer switch { Ddn ddn => ddn.Steps, Fmn fmn => fmn.Steps, Alma alma => alma.Steps, _ => 130 };
            Row(seed, $"{steps} gradients", peer.Name, Result($"{peer.Name} {steps}", peer, seed).ToString());
        }
    }

    /// <summary>
    /// Compares the original attack with two settings of the guided form. Uses only the first images of seed 0, because
    /// the original takes thousands of gradients per image.
    /// </summary>
    private void Original(int images)
    {
        if (images == 0)
        {
            Console.WriteLine($"| {net.Name} | original, tanh, 9 x 1,000 | not run |");
            return;
        }

        CarliniWagner guided = Textbook(Guidance.Weighted, 4, 25);
        double best = BestRate($"100 {Guidance.Weighted}", guided);
        foreach ((string name, Attack attack) in new (string, Attack)[]
        {
            ("original, tanh, 9 x 1,000", CarliniWagner.Original),
            ($"guided, rate {best}", guided with { LearningRate = best }),
            ("guided, c and step from the sample", new CarliniWagner { Guidance = Guidance.Weighted }),
        })
        {
            Console.WriteLine(
                $"| {net.Name} | {images} images | {name} | {Part($"{name} of {images}", attack, (2000, images))} |");
        }
    }

    /// <summary>Returns the authors' search in pixel space: initial c of 1, constant learning rate.</summary>
    private static CarliniWagner Textbook(Guidance guidance, int searches, int steps) =>
        new() { Guidance = guidance, SearchSteps = searches, Steps = steps, FirstC = 1, DecaysRate = false };

    private double BestRate(string name, CarliniWagner attack) =>
        Rates.MinBy(r => Part($"{name} rate {r} choice", attack with { LearningRate = r }, (1000, 50)).Rank);

    private Summary Result(string name, Attack attack, int seed) =>
        Part($"{name} seed {seed}", attack, (2000 + (seed * _count), _count));

    private Summary Part(string name, Attack attack, (int Start, int Count) part) =>
        Summary.Parse(cells.Get($"guided {net.Name} {name} {part.Count}", () =>
    {
        (Tensor x, Tensor y) = net.Test.Read(part.Start, part.Count);
        return Summary.Of(
            attack.Run(net.Network, x, Criterion.Misclassified(y.AsSpan<long>()), RandomStream.FromSeed(1))).Cell;
    }));

    private void Row(int seed, string budget, string form, string text) =>
        Console.WriteLine($"| {net.Name} | seed {seed}, {_count} images | {budget} | {form} | {text} |");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Summary over the samples that the network classifies correctly.</summary>
    /// <param name="Success">Percentage of the samples that are fooled.</param>
    /// <param name="Mean">Mean L2 distance of the fooled samples.</param>
    /// <param name="Median">Median L2 distance; samples not fooled count as infinite.</param>
    /// <param name="First">Median number of gradients until the first adversarial example.</param>
    /// <param name="Gradients">Mean number of gradients.</param>
    private sealed record Summary(double Success, double Mean, double Median, double First, double Gradients)
    {
        /// <summary>
        /// Criterion for selecting a rate, smaller is better: the median distance, or the success rate if the median is
        /// infinite.
        /// </summary>
        internal double Rank => double.IsFinite(Median) ? Median : 1e6 - Success;

        internal string Cell => Text($"{Success} {Mean} {Median} {First} {Gradients}");

        internal static Summary Of(AttackResult found)
        {
            SampleResult[] right = [.. found.Samples.Where(s => s.Outcome != AttackOutcome.WrongFromStart)];
            var kept = new AttackResult(found.Adversarials, right);
            double[] first = [.. right.Where(s => s.IsAdversarial).Select(s => (double)s.First).Order()];
            return new Summary(
                100.0 * right.Count(s => s.IsAdversarial) / right.Length, kept.MeanDistance(Norm.L2),
                kept.MedianDistance(Norm.L2),
                first.Length == 0 ? double.NaN : first[first.Length / 2], right.Average(s => s.Backwards));
        }

        internal static Summary Parse(string cell)
        {
            double[] values = [.. cell.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
            return new Summary(values[0], values[1], values[2], values[3], values[4]);
        }

        public override string ToString() =>
            Text($"success {Success:F1} %, mean L2 {Mean:F4}, median {Median:F4}, ")
            + Text($"first adversarial after {First:F0}, {Gradients:F0} gradients");
    }
}
