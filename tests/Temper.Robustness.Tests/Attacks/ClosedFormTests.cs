using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Xunit.Abstractions;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Attacks on linear networks, whose exact distances are known.</summary>
public sealed class ClosedFormTests(ITestOutputHelper output)
{
    private static readonly RandomStream Random = RandomStream.FromSeed(7);

    private static readonly (int Classes, string Shape, bool IsAtBounds)[] Nets =
    [
        (2, "1", false), (2, "1", true), (2, "12", false), (2, "12", true), (3, "1x5x5", false), (3, "1x5x5", true),
        (10, "3x4x4", false), (10, "3x4x4", true), (5, "12", false), (5, "12", true),
    ];

    /// <summary>Attacks that search for the smallest perturbation in the 2-norm; each gets 100 gradients.</summary>
    private static readonly string[] Names = ["deepfool", "ddn", "fmn", "alma", "cw", "guided-cw", "minimal-l2"];

    private static readonly (string Name, LinearCase Case, double[] Exact, double[] Targeted)[] Cases = [.. Nets.Select(net =>
    {
        LinearCase made = LinearCase.Make(net.Classes, net.Shape, net.IsAtBounds, 1);
        return (
            $"{net.Classes} classes, {net.Shape}, {(net.IsAtBounds ? "at bounds" : "inside")}", made,
            Enumerable.Range(0, LinearCase.Samples).Select(i => made.Exact(i, Norm.L2)).ToArray(),
            Enumerable.Range(0, LinearCase.Samples).Select(made.ExactTargeted).ToArray());
    })];

    public static TheoryData<string> GradientAttacks => [.. Names];

    [Theory]
    [MemberData(nameof(GradientAttacks))]
    public void Smallest_perturbations_are_near_the_exact_ones(string which)
    {
        Attack attack = AttackCatalog.Create(which, new AttackChoice(Norm.L2, Steps: 100));
        double worst = 0;
        foreach ((string name, LinearCase net, double[] exact, double[] targeted) in Cases)
        {
            AttackResult found = attack.Run(net.Network, net.Inputs, net.Untargeted, Random, new AttackRun { Gradients = 100 });
            AttackResult aimed = attack.Run(net.Network, net.Inputs, Criterion.Targeted(net.Labels, net.Targets), Random, new AttackRun { Gradients = 100 });
            (double most, double mostAimed) = (Worst(found, exact), Worst(aimed, targeted));
            output.WriteLine($"{which}: {name}: {most:F4}, targeted {mostAimed:F4}");
            worst = Math.Max(worst, Math.Max(most, mostAimed));
        }

        Assert.InRange(worst, 1 - 1e-4, 1.05);
    }

    /// <summary>
    /// With so few classes the difference of logits ratio is constant, and its gradient zero. The exact distances in the
    /// L-infinity norm say which samples can be fooled.
    /// </summary>
    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 9)]
    [InlineData(3, 9)]
    public void Logit_ratios_of_few_classes_do_not_overstate_robustness(int classes, int targets)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            LinearCase net = LinearCase.Make(classes, "12", isAtBounds: false, seed);
            double[] exact = [.. Enumerable.Range(0, LinearCase.Samples).Select(i => net.Exact(i, Norm.Linf))];
            foreach (double epsilon in (double[])[0.02, 0.05, 0.1])
            {
                var attack = new Apgd { Epsilon = epsilon, Loss = ApgdLoss.Dlr, TargetClasses = targets, Steps = 50 };
                AttackResult found = attack.Run(net.Network, net.Inputs, net.Untargeted, Random);
                for (int i = 0; i < exact.Length; i++)
                {
                    // Next to the boundary rounding decides.
                    bool isClear = Math.Abs(exact[i] - epsilon) > 1e-3 * epsilon;
                    Assert.True(!isClear || found.Samples[i].IsAdversarial == exact[i] < epsilon, $"seed {seed}, sample {i}: exact distance {exact[i]}, epsilon {epsilon}, {found.Samples[i].Outcome}");
                }
            }
        }
    }

    private static double Worst(AttackResult found, double[] exact) => found.Samples.Select((sample, i) =>
        double.IsInfinity(exact[i]) || exact[i] < 0.02 ? 1 : sample.IsAdversarial ? sample.L2 / exact[i] : double.PositiveInfinity).Max();

    [Theory]
    [InlineData("bim")]
    [InlineData("pgd")]
    [InlineData("mim")]
    [InlineData("apgd-ce")]
    [InlineData("apgd-dlr")]
    [InlineData("autoattack")]
    public void Attacks_in_a_ball_succeed_where_the_exact_distance_is_smaller(string which)
    {
        Attack attack = AttackCatalog.Create(which, new AttackChoice(Norm.Linf, Epsilon: 0.1, Steps: 50));
        foreach ((string name, LinearCase net, _, _) in Cases.Where(one => one.Case.B.Length > 2 || !which.EndsWith("dlr", StringComparison.Ordinal)))
        {
            AttackResult found = attack.Run(net.Network, net.Inputs, net.Untargeted, Random);
            for (int i = 0; i < LinearCase.Samples; i++)
            {
                double exact = net.Exact(i, Norm.Linf);
                if (Math.Abs(exact - 0.1) > 0.001)
                {
                    Assert.True(found.Samples[i].IsAdversarial == exact < 0.1, $"{which}, {name}: sample {i} at {exact:F4}: {found.Samples[i].Outcome}");
                }
            }
        }
    }

    /// <summary>
    /// With three or more classes, cross-entropy, here a convex function of the input, has several local maxima in the
    /// ball, and ascent may end at one where the sample is classified correctly. In double precision, no direction
    /// increases the loss there: the cause of the miss is the loss, not the steps.
    /// </summary>
    [Fact]
    public void Where_ascent_alone_misses_a_sample_it_stands_at_a_maximum_of_cross_entropy()
    {
        const double Radius = 0.1;
        int missed = 0;
        foreach ((string name, LinearCase net, _, _) in Cases)
        {
            for (int i = 0; i < LinearCase.Samples; i++)
            {
                var target = new Recorder(new NetworkTarget(net.Network));
                AttackResult found = new Pgd { Epsilon = Radius, Steps = 100 }.Run(target, net.Inputs.Slice(0, i, i + 1), Criterion.Misclassified([net.Labels[i]]), Random);
                if (net.Exact(i, Norm.Linf) < Radius - 0.001 && !found.Samples[0].IsAdversarial)
                {
                    missed++;
                    (double gain, double scale) = net.LinearGain(i, target.Last, Radius);
                    output.WriteLine($"{name}: sample {i}: what a straight step could still gain is {gain / scale:P2} of what it could from the middle");
                    Assert.True(gain < 0.05 * scale, $"{name}: sample {i} was missed at a point from which cross-entropy grows: {gain} of {scale}");
                    Assert.True(net.B.Length > 2, $"{name}: two classes leave one maximum");
                }
            }
        }

        Assert.True(missed > 0, "no sample was missed: cross-entropy is not the reason for a finish any more");
    }

    [Fact]
    public void Decisions_alone_come_near_the_exact_distances()
    {
        double worst = 0;
        foreach ((string name, LinearCase net, double[] exact, _) in Cases)
        {
            AttackResult found = new HopSkipJump().Run(net.Network, net.Inputs, net.Untargeted, Random, new AttackRun { Forwards = 10_000 });
            double most = Worst(found, exact);
            output.WriteLine($"hop-skip-jump: {name}: {most:F4}");
            worst = Math.Max(worst, most);
        }

        Assert.InRange(worst, 1 - 1e-4, 1.1);
    }

    /// <summary>
    /// The two decision rules of the elastic-net attack choose among the same points, and each result is best by its
    /// own measure. Neither rule replaces a nearer example found by a previous attack.
    /// </summary>
    [Fact]
    public void The_elastic_net_attack_returns_what_its_rule_asks_for()
    {
        LinearCase net = Cases[4].Case;
        var ead = new Ead { Steps = 100, SearchSteps = 6, Beta = 0.05, FirstC = 0.1 };
        AttackResult elastic = ead.Run(net.Network, net.Inputs, net.Untargeted, Random), least = (ead with { Rule = EadRule.L1 }).Run(net.Network, net.Inputs, net.Untargeted, Random);
        Assert.All(elastic.Samples, sample => Assert.True(sample.IsAdversarial));
        for (int i = 0; i < LinearCase.Samples; i++)
        {
            SampleResult a = elastic.Samples[i], b = least.Samples[i];
            Assert.True(b.L1 <= a.L1 + 1e-6 && Elastic(a) <= Elastic(b) + 1e-6, $"sample {i}");
        }

        Assert.Contains(Enumerable.Range(0, LinearCase.Samples), i => least.Samples[i].L1 < elastic.Samples[i].L1 - 1e-4);
        AttackResult after = new MinimumOver([new Ddn { Steps = 200 }, ead with { Norm = Norm.L2, Steps = 2, SearchSteps = 1, FirstC = 100 }]).Run(net.Network, net.Inputs, net.Untargeted, Random);
        AttackResult before = new Ddn { Steps = 200 }.Run(net.Network, net.Inputs, net.Untargeted, Random);
        Assert.All(Enumerable.Range(0, LinearCase.Samples), i => Assert.True(Elastic(after.Samples[i]) <= Elastic(before.Samples[i]) + 1e-6));

        double Elastic(SampleResult sample) => (sample.L2 * sample.L2) + (ead.Beta * sample.L1);
    }

    /// <summary>Records the last point at which a gradient was requested.</summary>
    private sealed class Recorder(AttackTarget inner) : WrappedTarget(inner)
    {
        internal float[] Last { get; private set; } = [];

        public override void Gradient(ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
        {
            Last = x[..(count * SampleShape.Count)].ToArray();
            Inner.Gradient(x, count, logits, derivative, gradient);
        }
    }
}
