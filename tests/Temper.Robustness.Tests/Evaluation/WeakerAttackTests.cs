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

    private const string Name = "weaker-than-usual";

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
    public void Without_a_radius_or_on_purpose_nothing_is_compared()
    {
        Assert.Null(Check(Run(new Ddn(), near: 5), near: 5));
        Assert.Null(Check(Run(new Transfer(new Pgd { Epsilon = 0.03, Steps = 1 }, ByMean), near: 5), near: 5));
    }

    private static TrustCheck? Check(RobustnessEvaluation found, int near) => TrustChecks
        .Run(ByMean, Inputs(near), found, RandomStream.FromSeed(1))
        .SingleOrDefault(check => string.Equals(check.Name, Name, StringComparison.Ordinal));

    private static RobustnessEvaluation Run(Attack attack, int near) => new(
        attack, attack.Run(ByMean, Inputs(near), Criterion.Misclassified(Labels), RandomStream.FromSeed(2)), Labels, []);

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
}
