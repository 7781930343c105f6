using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Xunit.Abstractions;

namespace Temper.Robustness.Tests.Evaluation;

/// <summary>Networks that only seem robust; each must be detected with its reason.</summary>
public sealed class TrustTests(ITestOutputHelper output)
{
    private const int Count = 64;

    private static readonly (AttackTarget Target, Tensor Inputs, long[] Labels) Plain = Make();

    [Fact]
    public void A_plain_network_is_trusted() => Assert.Equal("trustworthy", Verdict(Plain.Target));

    [Fact]
    public void Logits_times_a_thousand_are_found() => Assert.Contains("saturated-logits", Verdict(new Changed(Plain.Target, logits: z => z * 1000)), StringComparison.Ordinal);

    [Fact]
    public void A_zero_gradient_is_found() => Assert.Contains("zero-gradient", Verdict(new Changed(Plain.Target, slope: 0)), StringComparison.Ordinal);

    [Fact]
    public void A_rounded_input_is_found() => Assert.Contains(
        "rounded-input", Verdict(new StraightThroughTarget(Plain.Target, x => Each(x, v => MathF.Floor(v * 8) / 8))), StringComparison.Ordinal);

    [Fact]
    public void A_random_layer_is_found()
    {
        var noisy = new ExpectationTarget(Plain.Target, 1, RandomStream.FromSeed(9), (x, random) => Each(x, v => v + random.NextSingle(-0.1f, 0.1f)));
        Assert.Contains("random-output", Verdict(noisy), StringComparison.Ordinal);
    }

    [Fact]
    public void Probabilities_in_the_place_of_logits_are_found()
    {
        Assert.Contains("probabilities", Verdict(new Softmaxed(Plain.Target)), StringComparison.Ordinal);
    }

    /// <summary>The probabilities of a sigmoid for each class do not add up to 1, but their gradients vanish as well.</summary>
    [Fact]
    public void A_probability_for_each_class_is_found() => Assert.Contains(
        "probabilities", Verdict(new Changed(Plain.Target, logits: z => 1 / (1 + MathF.Exp(-z)))), StringComparison.Ordinal);

    [Fact]
    public void A_wrong_normalization_is_found()
    {
        var wrong = new StraightThroughTarget(Plain.Target, x => Each(x, v => 1 - v));
        Assert.Contains("normalization", Verdict(wrong), StringComparison.Ordinal);
    }

    [Fact]
    public void Logits_that_are_not_finite_are_found() => Assert.Contains("finite-logits", Verdict(new Changed(Plain.Target, logits: z => z > 2 ? float.NaN : z)), StringComparison.Ordinal);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void No_answer_is_never_robust(float value)
    {
        // The first target is finite on clean samples and fails wherever a gradient is requested; the second always
        // fails.
        foreach ((AttackTarget target, string where) in new (AttackTarget, string)[] { (new Broken(Plain.Target, value), "on the way"), (new Changed(Plain.Target, logits: _ => value), "everywhere") })
        {
            var attack = new Pgd { Epsilon = 0.4, Steps = 5 };
            AttackResult result = attack.Run(target, Plain.Inputs, Criterion.Misclassified(Plain.Labels), RandomStream.FromSeed(1));
            int broken = result.Samples.Count(sample => sample.Outcome == AttackOutcome.NotFinite);
            Assert.True(broken > 0, where);
            var found = new RobustnessEvaluation(attack, result, Plain.Labels, [TrustChecks.Finite(result)]);
            Assert.True(found.Accuracy <= 1 - (broken / (double)Count), where);
            Assert.Equal(found.Accuracy, result.RobustAccuracy);
            bool isEverywhere = string.Equals(where, "everywhere", StringComparison.Ordinal);
            Assert.InRange(found.CleanAccuracy, isEverywhere ? 0 : 0.9, isEverywhere ? 0 : 1);
            Assert.Equal(isEverywhere ? 0 : 1 - found.CleanAccuracy, found.Success, 1e-9);
            Assert.Contains("not-finite", TrustChecks.Verdict(found.Checks), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_answer_is_not_robust_in_the_check_of_hardening()
    {
        var check = new UntrainedCheck { Budgets = [new AttackBudget(Norm.L2, 0.1), new AttackBudget(Norm.Linf, 0.01)], Steps = 2, Queries = 10 };
        AttackedNetwork found = check.Run(new Broken(Plain.Target, float.NaN), Plain.Inputs, Plain.Labels, RandomStream.FromSeed(1));
        Assert.Equal(["autoattack", "autoattack", "ddn"], found.Accuracies.Select(accuracy => accuracy.Attack));
        Assert.All(found.Accuracies, accuracy => Assert.Equal(0, accuracy.Value));
        Assert.Equal(0, found.MedianDistance);
    }

    [Fact]
    public void Only_what_lies_within_the_radius_is_a_success()
    {
        var attack = new Ddn();
        AttackResult result = attack.Run(Plain.Target, Plain.Inputs, Criterion.Misclassified(Plain.Labels), RandomStream.FromSeed(1));
        double median = result.MedianDistance(Norm.L2);
        RobustnessEvaluation any = new(attack, result, Plain.Labels, []), within = any with { Epsilon = median };
        Assert.Equal((1, 0), (any.Success, any.Accuracy));
        Assert.Equal(0.5, within.Success, 0.05);
        Assert.Equal(1, within.Success + within.Accuracy, 1e-9);
        Assert.Equal(within.AccuracyAt(median), within.Accuracy);
    }

    [Fact]
    public void A_named_threat_model_wants_inputs_of_0_to_1()
    {
        ThreatModel threat = ThreatModel.Presets[0];
        threat.RequireFits(Plain.Target);
        var bytes = new DelegateTarget(Plain.Target.SampleShape, 4, (0, 255), (ReadOnlySpan<float> _, int _, Span<float> _) => { });
        Assert.Contains("0 to 255", Assert.Throws<ArgumentException>(() => threat.RequireFits(bytes)).Message, StringComparison.Ordinal);
    }

    private string Verdict(AttackTarget target)
    {
        IReadOnlyList<TrustCheck> checks = TrustChecks.Run(target, Plain.Inputs, Plain.Labels, RandomStream.FromSeed(1), epsilon: 0.05);
        foreach (TrustCheck check in checks)
        {
            output.WriteLine($"{(check.IsSuspicious ? "!" : " ")} {check.Name}: {check.Finding}");
        }

        return TrustChecks.Verdict(checks);
    }

    private static void Each(Span<float> x, Func<float, float> change)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = change(x[i]);
        }
    }

    /// <summary>
    /// Each class brightens one quadrant of the images. The network has hand-set weights: each logit is 0.3 times the
    /// sum of its quadrant, plus 0.4 for class 0.
    /// </summary>
    private static (AttackTarget, Tensor, long[]) Make()
    {
        Network network = Network.Build(InputSpec.Image(1, 6, 6), x => x.Flatten().Linear(4, name: "fc")).Initialize(RandomStream.FromSeed(1));
        float[] w = new float[4 * 36], x = new float[Count * 36];
        for (int i = 0; i < 36; i++)
        {
            w[(Quarter(i) * 36) + i] = 0.3f;
        }

        RandomCursor random = RandomStream.FromSeed(2).Cursor();
        long[] labels = [.. Enumerable.Range(0, Count).Select(i => (long)(i % 4))];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = random.NextSingle(0, 0.7f) + (Quarter(i % 36) == labels[i / 36] ? 0.3f : 0);
        }

        network = network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(w, [4, 36]) }, network.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { 0.4f, 0, 0, 0 }, [4]) },
        ]);
        return (new NetworkTarget(network), Tensor.From(x, [Count, 1, 6, 6]), labels);

        static int Quarter(int i) => ((i / 18) * 2) + (i % 6 / 3);
    }

    private sealed class Changed(AttackTarget inner, Func<float, float>? logits = null, float slope = 1) : WrappedTarget(inner)
    {
        public override void Scores(ReadOnlySpan<float> x, int count, Span<float> z)
        {
            Inner.Scores(x, count, z);
            Each(z[..(count * Classes)], logits ?? (v => v));
        }

        public override void Gradient(ReadOnlySpan<float> x, int count, Span<float> z, LogitDerivative derivative, Span<float> gradient)
        {
            float factor = (logits ?? (v => v))(1);
            Inner.Gradient(x, count, z, (row, own, d) =>
            {
                float[] changed = own.ToArray();
                Each(changed, logits ?? (v => v));
                derivative(row, changed, d);
                Each(d, v => v * factor);
            }, gradient);
            Each(z[..(count * Classes)], logits ?? (v => v));
            Each(gradient[..(count * SampleShape.Count)], v => v * slope);
        }
    }

    private sealed class Broken(AttackTarget inner, float value) : WrappedTarget(inner)
    {
        public override void Gradient(ReadOnlySpan<float> x, int count, Span<float> z, LogitDerivative derivative, Span<float> gradient)
        {
            Inner.Gradient(x, count, z, derivative, gradient);
            z[..(count * Classes)].Fill(value);
        }
    }

    private sealed class Softmaxed(AttackTarget inner) : WrappedTarget(inner)
    {
        public override Access Access => Access.Scores;

        public override void Scores(ReadOnlySpan<float> x, int count, Span<float> z)
        {
            Inner.Scores(x, count, z);
            for (int row = 0; row < count; row++)
            {
                Span<float> own = z.Slice(row * Classes, Classes);
                System.Numerics.Tensors.TensorPrimitives.SoftMax(own, own);
            }
        }
    }
}
