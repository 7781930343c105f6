using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Evaluation;

/// <summary>
/// A network that only the mean of 100 inputs decides: noise of the given radius hardly moves the mean, but a gradient
/// moves it by the whole radius, so the number of samples that each attack fools is known.
/// </summary>
public sealed class WeakerAttackTests
{
    private const int Size = 100, Count = 40;

    /// <summary>Distance of the mean of near samples from the boundary; those of far samples are out of reach.</summary>
    private const float Near = 0.02f, Far = 0.1f;

    private const string Name = "weaker-than-usual", Distances = "longer-than-usual";

    /// <summary>Class 1 where the mean of the inputs exceeds 0.5.</summary>
    private static readonly AttackTarget ByMean = MakeTarget();

    private static readonly long[] Labels = new long[Count];

    /// <summary>The mean moves by 0.03 under each of these radii, if all inputs move together.</summary>
    public static TheoryData<Norm, double> Balls => new() { { Norm.Linf, 0.03 }, { Norm.L2, 0.3 } };

    [Theory]
    [MemberData(nameof(Balls))]
    public void An_attack_that_the_usual_ones_beat_is_found(Norm norm, double epsilon)
    {
        RobustnessEvaluation found = Run(new Noise { Epsilon = epsilon, Norm = norm, Draws = 20 }, near: 5);
        Assert.Equal(1, found.Accuracy);
        TrustCheck check = Check(found, near: 5)!;
        Assert.True(check.IsSuspicious);
        Assert.Contains($"fooled 5 of {Count} samples that noise did not", check.Finding, StringComparison.Ordinal);
        Assert.Contains(norm == Norm.Linf ? "(L-inf 0.03)" : "(L2 0.3)", check.Finding, StringComparison.Ordinal);
        Assert.EndsWith("use autoattack", check.Finding, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Balls))]
    public void A_usual_attack_and_a_few_missed_samples_are_trusted(Norm norm, double epsilon)
    {
        RobustnessEvaluation usual = Run(new Pgd { Epsilon = epsilon, Norm = norm }, near: 5);
        Assert.Equal(5, usual.Result.Samples.Count(sample => sample.IsAdversarial));
        Assert.False(Check(usual, near: 5)!.IsSuspicious);

        // Two of 40 samples are 5 %, and may be chance.
        Assert.False(Check(Run(new Noise { Epsilon = epsilon, Norm = norm }, near: 2), near: 2)!.IsSuspicious);
    }

    [Fact]
    public void What_lies_beyond_the_radius_does_not_count_as_fooled()
    {
        // One step of DDN goes a distance of about 1, far beyond the radius.
        RobustnessEvaluation found = Run(new Ddn { Steps = 1 }, near: 5) with { Epsilon = 0.3 };
        Assert.All(found.Result.Samples.Take(5), sample => Assert.Equal(AttackOutcome.Fooled, sample.Outcome));
        Assert.True(Check(found, near: 5)!.IsSuspicious);
    }

    [Fact]
    public void The_comparison_aims_at_the_target_as_well()
    {
        // PGD makes five samples class 1, but class 2 is out of reach.
        RobustnessEvaluation found = Run(new Noise { Epsilon = 0.03 }, near: 5) with
        {
            Target = 2, CleanPredictions = Labels,
        };
        Assert.False(Check(found, near: 5)!.IsSuspicious);
    }

    [Fact]
    public void A_transfer_is_compared_with_attacks_that_have_the_gradients() =>
        Assert.True(Check(Run(new Transfer(new Noise { Epsilon = 0.03, Draws = 20 }, ByMean), near: 5), near: 5)!.IsSuspicious);

    /// <summary>One step goes a distance of about 1; the boundary is at 0.2 for near samples, and at 1 for the others.</summary>
    [Theory]
    [InlineData(30, true)]
    [InlineData(10, false)]
    public void Distances_that_the_usual_attack_mostly_beats_are_found(int near, bool isSuspicious)
    {
        TrustCheck check = Check(Run(new Ddn { Steps = 1 }, near), near, Distances)!;
        Assert.Equal(isSuspicious, check.IsSuspicious);
        Assert.Contains($"did not fool 0, and needed more than 1.25 times the perturbation for {near}", check.Finding, StringComparison.Ordinal);
        Assert.False(Check(Run(new Ddn(), near), near, Distances)!.IsSuspicious);
        Assert.Null(Check(Run(new Ddn(), near), near));
    }

    [Fact]
    public void Decisions_are_compared_where_the_target_has_gradients() =>
        Assert.True(Check(Run(new HopSkipJump { Queries = 50 }, near: 30), near: 30, Distances)!.IsSuspicious);

    [Theory]
    [InlineData(Access.Decisions, "not checked: the attack has decisions only")]
    [InlineData(Access.Scores, "not checked: the attack has scores only")]
    public void Without_gradients_no_attack_is_trustworthy(Access access, string expected)
    {
        var target = new Limited(ByMean, access);
        foreach (Attack attack in (Attack[])[new HopSkipJump { Queries = 50 }, new Noise { Epsilon = 0.001 }])
        {
            Assert.StartsWith(
                expected, TrustChecks.Verdict(TrustChecks.Run(target, Inputs(5), Run(attack, 5, target), RandomStream.FromSeed(1))), StringComparison.Ordinal);
        }
    }

    private static TrustCheck? Check(RobustnessEvaluation found, int near, string name = Name) => TrustChecks
        .Run(ByMean, Inputs(near), found, RandomStream.FromSeed(1))
        .SingleOrDefault(check => string.Equals(check.Name, name, StringComparison.Ordinal));

    private static RobustnessEvaluation Run(Attack attack, int near, AttackTarget? target = null) => new(
        attack, attack.Run(target ?? ByMean, Inputs(near), Criterion.Misclassified(Labels), RandomStream.FromSeed(2)), Labels, []);

    private static Tensor Inputs(int near)
    {
        float[] x = new float[Count * Size];
        x.AsSpan(0, near * Size).Fill(0.5f - Near);
        x.AsSpan(near * Size).Fill(0.5f - Far);
        return Tensor.From(x, [Count, Size]);
    }

    /// <summary>The logits are s, -s and -100 for s = 50 minus the sum of the inputs: class 2 never wins.</summary>
    private static NetworkTarget MakeTarget()
    {
        Network network = Network.Build(InputSpec.Features(Size, 0, 1), x => x.Linear(3, name: "fc")).Initialize(RandomStream.FromSeed(1));
        float[] w = new float[3 * Size];
        w.AsSpan(0, Size).Fill(-1);
        w.AsSpan(Size, Size).Fill(1);
        return new NetworkTarget(network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(w, [3, Size]) },
            network.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { 50, -50, -100 }, [3]) },
        ]));
    }

    private sealed class Limited(AttackTarget inner, Access access) : WrappedTarget(inner)
    {
        public override Access Access => access;
    }
}
