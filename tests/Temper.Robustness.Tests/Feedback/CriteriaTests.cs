using System.Globalization;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;

namespace Temper.Robustness.Tests.Feedback;

/// <summary>Checks criteria, quotas and the choice of rounds on hand-made numbers.</summary>
public sealed class CriteriaTests
{
    [Theory]
    [InlineData(0, 0, "2 2 2")]
    [InlineData(1, 0.25, "1 3")]
    [InlineData(2, 0.5, "0 1")]
    [InlineData(1.5, 0.3125, "1 2 4 1")]
    public void Inequality_is_the_range_over_the_mean_and_the_Gini_coefficient(double range, double gini, string values)
    {
        Inequality found = Inequality.Of(Numbers(values).Append(double.NaN));
        Assert.Equal(range, found.Range, 1e-12);
        Assert.Equal(gini, found.Gini, 1e-12);
    }

    [Fact]
    public void Criteria_follow_from_the_paths()
    {
        // Class 0: distances 1, 2 and 3 (to classes 1, 1 and 2). Class 1: distance 4, and a path that never leaves the
        // class.
        ProbedPath[] paths =
        [
            Path(0, 1, 1), Path(0, 2, 1), Path(0, 3, 2), Path(1, 4, 0), Path(1, 10, 1) with { Exited = false },
        ];
        DecisionSpace space = DecisionSpace.Of(new ProbeResult([0, 0, 1, 2], [0, 1, 1, 0], [new RandomDirections()], paths, 3));
        FamilyCriteria random = space.Families[0];
        Assert.Equal(7, random.Tau);
        Assert.Equal((5, 4.0, 3.0), (random.All.Count, random.All.Mean, random.All.Median));
        Assert.Equal((2.0, 2.0, 1.2), (random.Classes[0].Mean, random.Classes[0].Median, Math.Round(random.Classes[0].TenthPercentile, 12)));
        Assert.Equal((0.0, 0.5), (random.Classes[0].Coverage, random.Classes[1].Coverage));
        Assert.Equal((0.8, 2, 1), (random.ExitRate, random.PairHits[0, 1], random.PairHits[0, 2]));
        Assert.Equal((1.5, 3.0, 4.0), (random.PairDistances[0, 1], random.PairDistances[0, 2], random.PairDistances[1, 0]));
        Assert.True(double.IsNaN(random.PairDistances[2, 0]) && double.IsNaN(space.Levels[2]));
        Assert.Equal([0.5, 1, 0], space.Accuracies);
        Assert.Equal((2 / 3.0, 7 / 3.0), (space.Levels[0], space.Levels[1]));
        Assert.Equal((7 - 2) / 4.5, space.Inequality.Range, 1e-12);
        Assert.Equal(1, space.ScoreAgainst(space));
    }

    /// <summary>Samples for which no adversarial example was found have an infinite distance.</summary>
    [Theory]
    [InlineData(2, "1 2 ∞")]
    [InlineData(1, "1 1")]
    [InlineData(double.PositiveInfinity, "1 ∞ ∞")]
    [InlineData(double.PositiveInfinity, "∞ 1")]
    [InlineData(double.PositiveInfinity, "∞ ∞")]
    [InlineData(double.PositiveInfinity, "∞")]
    [InlineData(1.5, "∞ 2 1 ∞ 0 1")]
    [InlineData(double.NaN, "")]
    public void The_median_distance_counts_samples_that_withstand_as_infinite(double median, string distances)
    {
        double[] found = [.. distances.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(
            text => text is "∞" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture))];
        Assert.Equal(median, new AttackedNetwork([], found, []).MedianDistance);
    }

    /// <summary>
    /// Condition for a note in the report: the families with training examples improved, but no other family and no
    /// accuracy under attack did.
    /// </summary>
    [Theory]
    [InlineData(2, 1, 0.5, true)]
    [InlineData(2, 1.01, 0.4, true)]
    [InlineData(2, 1.1, 0.5, false)]
    [InlineData(2, 1, 0.6, false)]
    [InlineData(1, 1, 0.5, false)]
    [InlineData(2, 1, double.NaN, true)]
    public void A_boundary_that_moved_only_along_probed_directions_is_told(double trained, double other, double robust, bool expected)
    {
        MeasuredNetwork before = Measured(1, 1, double.IsNaN(robust) ? robust : 0.5), after = Measured(trained, other, robust);
        Assert.Equal(expected, new HardeningComparison(before, after, ["random"]).MovedOnlyAlongProbed);

        // Without other families, only attacks can tell.
        var all = new HardeningComparison(before, after, ["random", "translation"]);
        Assert.Equal(robust <= 0.5 && (trained + other) / 2 > 1.02, all.MovedOnlyAlongProbed);
        IReadOnlyList<Block> summary = DecisionSpaceSection.Of(all, ["cat", "dog"])[0].Blocks;
        Assert.Equal("100.00 % before, on 1 samples", summary.OfType<KeyFigures>().Single().Figures[0].Note);
        string[] warnings = [.. summary.OfType<Warning>().Select(warning => warning.Text)],
            texts = all.MovedOnlyAlongProbed ? ["The boundary moved only along trained directions: attacks not used in training did not improve."] : [];
        Assert.Equal(texts, warnings);

        static MeasuredNetwork Measured(double random, double translation, double robust)
        {
            ProbedPath[] paths = [Path(0, random, 1), Path(0, translation, 1) with { Family = "translation" }];
            DecisionSpace space = DecisionSpace.Of(new ProbeResult([0], [0], [new RandomDirections(), new TranslationPath()], paths, 2));
            bool[] right = [.. Enumerable.Range(0, 10).Select(i => i < 10 * robust)];
            return new MeasuredNetwork(
                1, space, double.IsNaN(robust) ? null : new AttackedNetwork([new AttackedAccuracy("autoattack", new AttackBudget(Norm.L2, 0.5), right)], [], []));
        }
    }

    [Fact]
    public void Quotas_follow_the_formula_keep_their_bounds_and_add_up()
    {
        Assert.Equal([60, 30], ClassQuotas.Of([1, 2], 90, 1));
        Assert.Equal([45, 45], ClassQuotas.Of([1, 2], 90, 0));
        Assert.Equal([34, 33, 33], ClassQuotas.Of([1, 1, double.NaN], 100, 3));
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            int classes = random.Next(2, 12), count = random.Next(0, 5000);
            double[] levels = [.. Enumerable.Range(0, classes).Select(_ => Math.Exp(4 * random.NextDouble()))];
            int[] quotas = ClassQuotas.Of(levels, count, 3 * random.NextDouble());
            Assert.Equal(count, quotas.Sum());
            double equal = (double)count / classes;
            Assert.All(quotas, quota => Assert.InRange(quota, Math.Floor((0.5 * equal) - 1e-6), Math.Ceiling((2 * equal) + 1e-6)));

            // A class that is learned worse never gets less, except for rounding.
            int[] order = [.. Enumerable.Range(0, classes).OrderBy(k => levels[k])];
            Assert.All(order.Zip(order.Skip(1)), pair => Assert.True(quotas[pair.First] >= quotas[pair.Second] - 1));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => ClassQuotas.Of([1, 1], 10, -1));
    }

    [Theory]
    [InlineData("all rounds are done", 3, true, "0.9 1 0.899 1.2 0.898 1.3 0.897 1.4")]
    [InlineData("the criteria rose by less than 1 %", 1, true, "0.9 1 0.9 1.2 0.9 1.19")]
    [InlineData("all rounds are done", 1, true, "0.9 1 0.9 1.2 0.894 1.5 0.893 1.6")]
    [InlineData("held-out accuracy fell by significantly more than 0.5 percentage points", 1, true, "0.9 1 0.9 1.2 0.88 1.5")]
    [InlineData("held-out accuracy fell by significantly more than 0.5 percentage points", 1, false, "0.9 1 0.8 1.5")]
    [InlineData("the criteria rose by less than 1 %", 0, true, "0.9 1 0.9 0.8")]
    [InlineData("all rounds are done", 3, true, "0.9 1 0.894 1.2 0.893 1.5 0.896 1.6")]
    [InlineData("all rounds are done", 1, false, "0.9 1 0.894 1.2 0.893 1.5 0.892 1.6")]
    public void Rounds_stop_and_the_best_within_the_bound_is_kept(string reason, int best, bool isWithin, string numbers)
    {
        double[] accuraciesAndScores = Numbers(numbers);
        var options = new FeedbackOptions { Seed = 1, Rounds = 3, Training = new() { Seed = 1 } };
        var space = new DecisionSpace([], [], [], []);
        List<FeedbackRound> rounds = [];
        string? stop = null;
        for (int i = 0; i < accuraciesAndScores.Length / 2; i++)
        {
            Assert.Null(stop);
            double accuracy = accuraciesAndScores[2 * i];
            rounds.Add(new FeedbackRound(i, accuracy, accuraciesAndScores[(2 * i) + 1], space, [], default, default)
            {
                Right = [.. Enumerable.Range(0, 1000).Select(sample => sample < accuracy * 1000 - 0.5)],
            });
            stop = RoundChoice.StopReason(rounds, options);
        }

        Assert.Equal(reason, stop);
        Assert.Equal((best, isWithin), RoundChoice.Choose(rounds, options));
    }

    private static double[] Numbers(string text) => [.. text.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];

    private static ProbedPath Path(int label, double distance, int winner) => new(0, label, "random", distance, distance, true, false, winner, 1, 0);
}
