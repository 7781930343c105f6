using Temper.Randomness;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Robustness.Tests.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Evaluation;

/// <summary>What an evaluation counts: with a radius, and with a target class.</summary>
public sealed class RobustnessEvaluationTests
{
    [Fact]
    public void Perturbations_beyond_the_radius_count_in_the_curve_only()
    {
        LinearCase net = LinearCase.Make(3, "12", isAtBounds: false, seed: 1);
        var attack = new Ddn();
        AttackResult raw = attack.Run(net.Network, net.Inputs, net.Untargeted, RandomStream.FromSeed(1));
        double[] sizes = [.. raw.Samples.Select(sample => sample.L2)];
        double radius = sizes.Order().Skip((LinearCase.Samples / 2) - 1).First();
        bool[] isWithin = [.. sizes.Select(size => size <= radius)];
        Assert.Equal(LinearCase.Samples / 2, isWithin.Count(one => one));

        RobustnessEvaluation all = new(attack, raw, net.Labels, []) { Epsilon = radius }, found = all.LimitedToEpsilon(net.Inputs);
        for (int i = 0; i < LinearCase.Samples; i++)
        {
            SampleResult sample = found.Result.Samples[i];
            Tensor expected = isWithin[i] ? raw.Adversarials : net.Inputs;
            Assert.Equal(expected.Slice(0, i, i + 1).ToArray<float>(), found.Result.Adversarials.Slice(0, i, i + 1).ToArray<float>());
            Assert.Equal(isWithin[i] ? AttackOutcome.Fooled : AttackOutcome.NotConverged, sample.Outcome);
            Assert.Equal(isWithin[i] ? sizes[i] : 0, sample.L2);
            Assert.Equal(isWithin[i], found.IsSuccess(sample));
            Assert.True(isWithin[i] || (sample.Prediction == net.Labels[i] && float.IsNaN(sample.Margin) && sample.First == -1));
        }

        Assert.Equal(sizes.Where((_, i) => isWithin[i]).Average(), found.Result.MeanDistance(Norm.L2), 1e-12);
        Assert.Equal((all.Accuracy, all.Success), (found.Accuracy, found.Success));
        Assert.Same(found, found.LimitedToEpsilon(net.Inputs));

        IReadOnlyList<Section> sections = RobustnessSection.Of(all, []);
        IReadOnlyList<IReadOnlyList<string>> outcomes = Assert.IsType<DataTable>(sections[2].Blocks[0]).Rows;
        Assert.Equal("6", outcomes.Single(row => row[0] is "Fooled")[1]);
        Assert.Equal("6", outcomes.Single(row => row[0] is "NotConverged")[1]);
        LineChart curve = Assert.IsType<LineChart>(sections[0].Blocks.OfType<ChartRow>().Single().Charts[0]);
        ChartPoint end = curve.Lines[0].Points.MaxBy(point => point.X);
        Assert.Equal((sizes.Max(), 0), (end.X, end.Y));
    }

    [Fact]
    public void A_misclassified_sample_is_not_fooled_until_it_has_the_target_class()
    {
        SampleResult[] samples = [Sample(AttackOutcome.NotConverged, 0), Sample(AttackOutcome.NotConverged, 1), Sample(AttackOutcome.WrongFromStart, 2), Sample(AttackOutcome.Fooled, 2)];
        var found = new RobustnessEvaluation(new Pgd { Epsilon = 1 }, new AttackResult(Tensor.From(new float[4], [4, 1]), samples), [0, 0, 1, 1], [])
        {
            Target = 2, CleanPredictions = [0, 1, 2, 1],
        };
        Assert.Equal((0.5, 0.5, 0.5), (found.CleanAccuracy, found.Success, found.Accuracy));
        IReadOnlyList<Section> sections = RobustnessSection.Of(found, ["cat", "dog", "bird"]);
        KeyFigure[] figures = [.. sections[0].Blocks.OfType<KeyFigures>().Single().Figures];
        Assert.Equal(["clean accuracy", "classified as bird", "verdict"], figures.Select(figure => figure.Label));
        Assert.Equal("50.00 %", figures[1].Value);

        // Class 0: one of two correct, none fooled; class 1: one of two correct, both classified as the target.
        IReadOnlyList<IReadOnlyList<string>> rows = Assert.IsType<DataTable>(sections[1].Blocks[0]).Rows;
        Assert.Equal(["cat", "2", "50.00 %", "0.00 %"], rows[0].Take(4));
        Assert.Equal(["dog", "2", "50.00 %", "100.00 %"], rows[1].Take(4));
    }

    /// <summary>One of two samples is fooled: the report must not read as if no perturbation had been found.</summary>
    [Fact]
    public void A_median_beyond_the_fooled_samples_is_told_as_such()
    {
        SampleResult[] samples = [Sample(AttackOutcome.Fooled, 1), Sample(AttackOutcome.NotConverged, 0)];
        var found = new RobustnessEvaluation(new Ddn(), new AttackResult(Tensor.From(new float[2], [2, 1]), samples), [0, 0], []);
        IReadOnlyList<Section> sections = RobustnessSection.Of(found, []);
        Assert.Equal("none: at most half are fooled", sections[0].Blocks.OfType<KeyFigures>().Single().Figures[2].Value);
        Assert.Equal("none: at most half are fooled", Assert.IsType<DataTable>(sections[1].Blocks[0]).Rows[0][4]);
    }

    /// <summary>Also of a composed attack, whose evaluation has no radius of its own.</summary>
    [Fact]
    public void An_attack_within_a_ball_has_its_radius_and_a_step()
    {
        SampleResult[] samples =
        [
            Sample(AttackOutcome.NotConverged, 0), Sample(AttackOutcome.Fooled, 1) with { Linf = 0.5 }, Sample(AttackOutcome.Fooled, 1) with { Linf = 0.25 },
            Sample(AttackOutcome.NotConverged, 0),
        ];
        var attack = new Repeat(new Pgd { Epsilon = 0.5 }, 2);
        var found = new RobustnessEvaluation(attack, new AttackResult(Tensor.From(new float[4], [4, 1]), samples), [0, 0, 0, 0], []);
        Section section = RobustnessSection.Of(found, [])[0];
        Assert.Equal("pgd x 2, Linf 0.5", section.Blocks.OfType<KeyFigures>().Single().Figures[1].Note);
        LineChart curve = Assert.IsType<LineChart>(section.Blocks.OfType<ChartRow>().Single().Charts[0]);
        Assert.Equal(
            [new ChartPoint(0, 100), new ChartPoint(0.25, 100), new ChartPoint(0.25, 75), new ChartPoint(0.5, 75), new ChartPoint(0.5, 50)],
            curve.Lines[0].Points);
    }

    /// <summary>With more than 400 sizes not all are drawn.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_curve_is_never_above_the_accuracy(bool isWithinBall)
    {
        const int Count = 1000;
        double[] sizes = [.. Enumerable.Range(1, Count).Select(i => Math.Pow(i / (double)Count, 2))];
        SampleResult[] samples = [.. sizes.Select(size => Sample(AttackOutcome.Fooled, 1) with { L2 = size, Linf = size })];
        Attack attack = isWithinBall ? new Pgd { Epsilon = 1 } : new Ddn();
        var found = new RobustnessEvaluation(attack, new AttackResult(Tensor.From(new float[Count], [Count, 1]), samples), new long[Count], []);
        LineChart curve = Assert.IsType<LineChart>(RobustnessSection.Of(found, [])[0].Blocks.OfType<ChartRow>().Single().Charts[0]);
        ChartPoint[] points = [.. curve.Lines[0].Points];
        Assert.Equal((new ChartPoint(0, 100), new ChartPoint(1, 0)), (points[0], points[^1]));
        Assert.InRange(points.Length, 200, 650);
        foreach (double size in sizes.SkipLast(1).Concat(sizes.Zip(sizes.Skip(1), (a, b) => (a + b) / 2)))
        {
            int at = Array.FindLastIndex(points, point => point.X <= size);
            (ChartPoint from, ChartPoint to) = (points[at], points[at + 1]);
            double drawn = from.Y + ((to.Y - from.Y) * (size - from.X) / (to.X - from.X)), measured = found.AccuracyAt(size) * 100;
            Assert.InRange(drawn, measured - 1, measured + 1e-9);
        }
    }

    [Fact]
    public void A_verified_file_is_described_in_one_line() => Assert.Equal(
        "10 of 10 adversarial examples confirmed from the stored file, 4 also as 8-bit pictures; 0 outside the bounds",
        new Verification(10, 10, 4, 0).Check().Finding);

    private static SampleResult Sample(AttackOutcome outcome, int prediction) =>
        new(outcome, 0, 0, 0, 0, 0, Forwards: 1, Backwards: 0, First: -1, prediction);
}
