using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>
/// Transfer from a surrogate that decides otherwise than the model, but whose gradient points the right way: a worse
/// surrogate must not make the model seem more robust.
/// </summary>
public sealed class TransferTests
{
    /// <summary>Biases of the surrogate: it misclassifies the clean sample, or no point of the box fools it.</summary>
    private const float WrongFromStart = -0.1f, NeverFooled = -5;

    /// <summary>Class 1 where the first input exceeds 0.5; the sample below has class 0 and the distance 0.1.</summary>
    private static readonly DelegateTarget Model = new([2], 2, (0, 1), (x, classes) =>
    {
        for (int i = 0; i < classes.Length; i++)
        {
            classes[i] = x[2 * i] > 0.5f ? 1 : 0;
        }
    });

    private static readonly Tensor Sample = Tensor.From(new float[] { 0.4f, 0.5f }, [1, 2]);

    public static TheoryData<string, float> Cases => new()
    {
        { "fgsm", WrongFromStart }, { "bim", WrongFromStart }, { "pgd", WrongFromStart }, { "apgd-ce", WrongFromStart }, { "ddn", WrongFromStart },
        { "fgsm", NeverFooled }, { "bim", NeverFooled }, { "pgd", NeverFooled }, { "apgd-ce", NeverFooled }, { "ddn", NeverFooled },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_model_is_tried_whatever_the_surrogate_says(string name, float bias)
    {
        AttackResult found = Run(name, bias);
        Assert.Equal(AttackOutcome.Fooled, found.Samples[0].Outcome);
        Assert.True(found.Adversarials.ToArray<float>()[0] > 0.5f);
        Assert.InRange(found.Samples[0].Linf, 0.1, name is "ddn" ? 0.6001 : 0.2001);
        Assert.False(TrustChecks.Tried(found).IsSuspicious);
    }

    [Fact]
    public void A_sample_without_an_attempt_is_reported()
    {
        // DeepFool goes to the boundary of the surrogate, beyond which the sample already lies.
        AttackResult found = Run("deepfool", WrongFromStart);
        Assert.Equal((AttackOutcome.NotConverged, 1), (found.Samples[0].Outcome, found.Samples[0].Forwards));
        Assert.Equal(Sample.ToArray<float>(), found.Adversarials.ToArray<float>());
        Assert.Equal("suspicious: not-tried", TrustChecks.Verdict([TrustChecks.Tried(found)]));
    }

    private static AttackResult Run(string name, float bias) =>
        new Transfer(AttackCatalog.Create(name, new AttackChoice(Epsilon: 0.2, Steps: 20)), Surrogate(bias))
            .Run(Model, Sample, Criterion.Misclassified([0]), RandomStream.FromSeed(1));

    /// <summary>Logits 0 and x_0 + bias.</summary>
    private static NetworkTarget Surrogate(float bias)
    {
        Network network = Network.Build(InputSpec.Features(2, 0, 1), x => x.Linear(2, name: "fc")).Initialize(RandomStream.FromSeed(1));
        return new NetworkTarget(network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(new float[] { 0, 0, 1, 0 }, [2, 2]) },
            network.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { 0, bias }, [2]) },
        ]));
    }

    [Fact]
    public void Few_inputs_are_searched_where_the_surrogate_is_wrong_from_the_start()
    {
        AttackResult found = new Transfer(new Fmn { Norm = Norm.L0, Steps = 20 }, Surrogate(WrongFromStart))
            .Run(Model, Sample, Criterion.Misclassified([0]), RandomStream.FromSeed(1));
        Assert.Equal((AttackOutcome.Fooled, 1.0), (found.Samples[0].Outcome, found.Samples[0].L0));
    }
}
