using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Attacks with a target class.</summary>
public sealed class TargetedAttackTests
{
    private static readonly LinearCase Net = LinearCase.Make(4, "1x5x5", isAtBounds: false, seed: 1);

    public static TheoryData<string> Aiming => [.. AttackCatalog.Names.Where(name => Make(name).AimsAtTarget)];

    [Theory]
    [MemberData(nameof(Aiming))]
    public void An_attack_that_aims_reaches_its_target(string name)
    {
        AttackResult found = Make(name).Run(Net.Network, Net.Inputs, Criterion.Targeted(Net.Labels, Net.Targets), RandomStream.FromSeed(1));
        var target = new NetworkTarget(Net.Network);
        float[] logits = new float[4];
        for (int i = 0; i < LinearCase.Samples; i++)
        {
            target.Scores(found.Adversarials.AsSpan<float>().Slice(i * 25, 25), 1, logits);
            Assert.Equal(found.Samples[i].IsAdversarial, Array.IndexOf(logits, logits.Max()) == Net.Targets[i]);
        }

        Assert.Contains(found.Samples, sample => sample.Outcome == AttackOutcome.Fooled);
    }

    [Fact]
    public void Attacks_that_only_try_points_do_not_aim() =>
        Assert.Equal(["noise", "hop-skip-jump", "corruptions"], AttackCatalog.Names.Where(name => !Make(name).AimsAtTarget));

    [Fact]
    public void A_composed_attack_aims_if_its_first_one_does()
    {
        Assert.True(new Repeat(new Pgd { Epsilon = 0.1 }, 2).AimsAtTarget);
        Assert.False(new Repeat(new Noise { Epsilon = 0.1 }, 2).AimsAtTarget);
        Assert.False(new FinishedInBall(new Noise { Epsilon = 0.1 }, 2).AimsAtTarget);
    }

    /// <summary>With a radius that spans the whole box.</summary>
    private static Attack Make(string name) =>
        AttackCatalog.Create(name, new AttackChoice(Epsilon: 1, Steps: name is "ead" or "cw-original" ? 900 : name is "square" ? 300 : 100));
}
