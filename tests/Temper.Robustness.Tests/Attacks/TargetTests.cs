using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Serving;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>A served model as the target, and wrappers for attacks on a surrogate.</summary>
public sealed class TargetTests
{
    private static readonly Network Net = Network.Build(InputSpec.Image(1, 8, 8), x => x
        .Conv2d(6, kernel: 3).Relu().Flatten().Linear(4)).Initialize(RandomStream.FromSeed(3));

    private static readonly Tensor Inputs = Images(10);

    private static readonly long[] Labels = [.. Winners(Inputs)];

    [Fact]
    public async Task A_served_model_answers_as_the_network_does_and_attacks_without_gradients_work_on_it()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Net, new CompileOptions { TimesKernels = false });
        await using InferenceServer server = await InferenceServer.StartAsync(compiled, new ServerOptions { Port = 0, ModelName = "net", Token = "secret" });
        var address = new Uri(server.Address, "/v2/models/net");
        using ServedTarget served = ServedTarget.Connect(address, (0, 1), token: "secret");
        Assert.Equal((Shape.Create([1, 8, 8]), 4, Access.Scores), (served.SampleShape, served.Classes, served.Access));
        float[] scores = new float[40], expected = new float[40];
        served.Scores(Inputs.AsSpan<float>(), 10, scores);
        new NetworkTarget(Net).Scores(Inputs.AsSpan<float>(), 10, expected);
        Assert.All(scores.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-4f));

        var square = new Square { Epsilon = 0.2, Queries = 200 };
        AttackResult found = square.Run(served, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        AttackResult same = square.Run(Net, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        Assert.Equal(same.Samples.Count(sample => sample.IsAdversarial), found.Samples.Count(sample => sample.IsAdversarial));
        Assert.Contains(found.Samples, sample => sample.Outcome == AttackOutcome.Fooled);

        using ServedTarget decisions = ServedTarget.Connect(address, (0, 1), Access.Decisions, "secret");
        decisions.Scores(Inputs.AsSpan<float>(), 10, scores);
        Assert.Equal(Labels.Select(label => (int)label), Enumerable.Range(0, 10).Select(i => Array.IndexOf(scores, 1f, 4 * i, 4) - (4 * i)));
        Assert.Equal(10, scores.Sum());
        Assert.Contains(
            new HopSkipJump { Queries = 300 }.Run(decisions, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1)).Samples, sample => sample.IsAdversarial);
        Assert.Throws<NotSupportedException>(() => new Ddn().Run(decisions, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1)));

        Assert.Contains("401", Assert.Throws<IOException>(() => ServedTarget.Connect(address, (0, 1))).Message, StringComparison.Ordinal);
        Assert.Contains("404", Assert.Throws<IOException>(() => ServedTarget.Connect(new Uri(server.Address, "/v2/models/other"), (0, 1), token: "secret")).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => ServedTarget.Connect(new Uri("http://127.0.0.1:1/v2/models/net"), (0, 1)));
        Assert.Throws<ArgumentException>(() => ServedTarget.Connect(address, (1, 0), token: "secret"));
    }

    /// <summary>As searches end, batches become smaller than the window; a target sees only rows in use.</summary>
    [Fact]
    public void Target_receives_exactly_its_batch()
    {
        var target = new DelegateTarget(Net.Inputs[0].SampleShape, 4, (0, 1), (x, count, logits) =>
        {
            Assert.Equal((count * 64, count * 4), (x.Length, logits.Length));
            new NetworkTarget(Net).Scores(x, count, logits);
        });
        new Square { Epsilon = 0.3, Queries = 40 }.Run(target, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        var decisions = new DelegateTarget(Net.Inputs[0].SampleShape, 4, (0, 1), (x, classes) =>
        {
            Assert.Equal(classes.Length * 64, x.Length);
            classes.Fill(4);
        });
        Assert.Contains("unknown class (got 4", Assert.Throws<InvalidOperationException>(() => new HopSkipJump().Run(decisions, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Budgets_and_classes_out_of_range_are_refused()
    {
        foreach (AttackRun run in new[] { new AttackRun { Forwards = 0 }, new AttackRun { Gradients = -1 }, new AttackRun { BatchSize = 0 } })
        {
            Assert.Contains("out of range", Assert.Throws<ArgumentException>(() => new Fgsm { Epsilon = 0.1 }.Run(Net, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1), run)).Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentException>(() => Criterion.Misclassified([1L << 32]));
        Assert.Throws<ArgumentException>(() => Criterion.Targeted([0], [-3]));
        Assert.Contains("one label per sample", Assert.Throws<ArgumentException>(() => Robustness.Evaluation.TrustChecks.Run(new NetworkTarget(Net), Inputs, Labels.AsSpan(0, 2), RandomStream.FromSeed(1))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("diverse")]
    [InlineData("smoothed")]
    [InlineData("both")]
    public void Wrappers_for_transfer_give_a_sample_the_same_in_any_batch_and_fool_the_surrogate(string which)
    {
        AttackTarget inner = new NetworkTarget(Net);
        AttackTarget smoothed = which is "diverse" ? inner : new SmoothedGradientTarget(inner, deviation: 1, radius: 2);
        AttackTarget wrapped = which is "smoothed" ? smoothed : new DiverseInputTarget(smoothed, RandomStream.FromSeed(4), probability: 0.7);
        var attack = new Pgd { Epsilon = 0.3, Steps = 20, Momentum = 1, RandomStart = false, UsesMargin = true };
        AttackResult whole = attack.Run(wrapped, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        AttackResult one = attack.Run(wrapped, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1), new AttackRun { BatchSize = 1 });
        Assert.Equal(whole.Adversarials.ToArray<float>(), one.Adversarials.ToArray<float>());

        // Examples that fool the wrapped surrogate mostly fool the target itself, since both have the same weights.
        AttackResult tried = new Transfer(attack, wrapped).Run(Net, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        Assert.True(tried.Samples.Count(sample => sample.Outcome == AttackOutcome.Fooled) >= 5);
        Assert.All(tried.Samples, sample => Assert.Equal(0, sample.Backwards));
    }

    [Fact]
    public void The_gradient_of_a_changed_picture_is_that_of_finite_differences()
    {
        // The network is linear, and so is the random change of the picture while its random numbers are fixed. Equal
        // bytes draw equal random numbers.
        var linear = new NetworkTarget(Network.Build(InputSpec.Image(1, 8, 8), x => x.Flatten().Linear(4)).Initialize(RandomStream.FromSeed(5)));
        var always = new DiverseInputTarget(linear, RandomStream.FromSeed(4), probability: 1, smallest: 0.5);
        float[] x = Inputs.AsSpan<float>()[..64].ToArray(), z = new float[4], gradient = new float[64], direct = new float[64];
        always.Gradient(x, 1, z, Slope, gradient);

        // By linearity, a logit minus that of an empty picture is the inner product of gradient and picture.
        float[] empty = new float[4];
        linear.Scores(new float[64], 1, empty);
        Assert.Equal(z[2] - empty[2], gradient.Zip(x, (g, v) => g * v).Sum(), 1e-4f);
        linear.Gradient(x, 1, z, Slope, direct);
        Assert.NotEqual(direct, gradient);

        static void Slope(int row, ReadOnlySpan<float> logits, Span<float> slope) => slope[2] = 1;
    }

    [Fact]
    public void A_smoothed_gradient_is_the_mean_of_its_neighbors()
    {
        var point = new Spike(new NetworkTarget(Net));
        float[] gradient = new float[64];
        new SmoothedGradientTarget(point, deviation: 1.5, radius: 3).Gradient(Inputs.AsSpan<float>()[..64], 1, new float[4], (_, _, _) => { }, gradient);
        for (int i = 0; i < 64; i++)
        {
            int y = (i / 8) - 3, x = (i % 8) - 4;
            double expected = Math.Abs(y) > 3 || Math.Abs(x) > 3 ? 0 : Math.Exp(-0.5 * ((y * y) + (x * x)) / 2.25) / Math.Pow(Enumerable.Range(-3, 7).Sum(k => Math.Exp(-0.5 * k * k / 2.25)), 2);
            Assert.Equal(expected, gradient[i], 1e-6);
        }
    }

    [Fact]
    public void Wrappers_want_pictures() =>
        Assert.Throws<ArgumentException>(() => new SmoothedGradientTarget(new NetworkTarget(Network.Build(InputSpec.Features(3, 0, 1), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1)))));

    /// <summary>Target whose gradient is one at row 3, column 4, and zero elsewhere.</summary>
    private sealed class Spike(AttackTarget inner) : WrappedTarget(inner)
    {
        public override void Gradient(ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
        {
            gradient.Clear();
            gradient[28] = 1;
        }
    }

    private static Tensor Images(int count)
    {
        float[] x = new float[count * 64];
        RandomStream.FromSeed(5).FillUniform(x, 0, 1);
        return Tensor.From(x, [count, 1, 8, 8]);
    }

    private static IEnumerable<long> Winners(Tensor x)
    {
        float[] logits = Net.Forward(x).ToArray<float>();
        return Enumerable.Range(0, x.Shape[0]).Select(i => (long)Array.IndexOf(logits[(i * 4)..((i + 1) * 4)], logits[(i * 4)..((i + 1) * 4)].Max()));
    }
}
