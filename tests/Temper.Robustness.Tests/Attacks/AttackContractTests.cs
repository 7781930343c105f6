using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Contract of every attack; the catalog determines which attacks are tested.</summary>
public sealed class AttackContractTests
{
    private const int Count = 12;

    private static readonly Network Net = Network.Build(InputSpec.Image(1, 8, 8), x => x
        .Conv2d(6, kernel: 3).Relu().MaxPool2d(2).Flatten().Linear(16).Relu().Linear(4)).Initialize(RandomStream.FromSeed(3));

    private static readonly Tensor Inputs = Images(Count);

    private static readonly long[] Labels = [.. Winners(Net, Inputs).Select((winner, i) => i == 3 ? (winner + 1) % 4 : winner)];

    public static TheoryData<string> Names => [.. AttackCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Results_are_what_they_say(string name)
    {
        Attack attack = Make(name);
        AttackResult found = Run(attack, Inputs, Labels);
        ReadOnlySpan<float> x = found.Adversarials.AsSpan<float>();
        Assert.DoesNotContain(x.ToArray(), value => value is < 0 or > 1);
        for (int i = 0; i < Count; i++)
        {
            SampleResult sample = found.Samples[i];
            float[] clean = Row(Inputs, i), adversarial = Row(found.Adversarials, i);
            double l2 = Math.Sqrt(clean.Zip(adversarial, (a, b) => ((double)a - b) * ((double)a - b)).Sum()), linf = clean.Zip(adversarial, (a, b) => Math.Abs((double)a - b)).Max();
            Assert.Equal(l2, sample.L2, 1e-12 * Math.Max(l2, 1));
            Assert.Equal(linf, sample.Linf);
            long winner = Winners(Net, found.Adversarials.Slice(0, i, i + 1))[0];
            Assert.Equal(winner, sample.Prediction);
            Assert.Equal(sample.IsAdversarial, winner != Labels[i]);
            Assert.True(sample.IsAdversarial || linf == 0, "a sample that was not fooled comes back unchanged");
            Assert.True(attack is not FixedBudgetAttack ball || !sample.IsAdversarial || sample.Distance(attack.Norm) <= ball.Epsilon + (attack.Norm == Norm.Linf ? 0 : 1e-6));
        }

        Assert.Equal(AttackOutcome.WrongFromStart, found.Samples[3].Outcome);
        Assert.Equal((name is "autoattack-rand" ? 20 : 1, 0), (found.Samples[3].Forwards, found.Samples[3].Backwards));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Null_is_refused_by_name(string name)
    {
        Attack attack = Make(name);
        var target = new NetworkTarget(Net);
        Criterion criterion = Criterion.Misclassified(Labels);
        RandomStream random = RandomStream.FromSeed(1);
        Assert.Throws<ArgumentNullException>("network", () => attack.Run((Network)null!, Inputs, criterion, random));
        Assert.Throws<ArgumentNullException>("target", () => attack.Run((AttackTarget)null!, Inputs, criterion, random));
        Assert.Throws<ArgumentNullException>("inputs", () => attack.Run(target, null!, criterion, random));
        Assert.Throws<ArgumentNullException>("criterion", () => attack.Run(target, Inputs, null!, random));
        Assert.Throws<ArgumentNullException>("random", () => attack.Run(target, Inputs, criterion, null!));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_attack_that_says_that_it_has_steps_reads_them(string name) => Assert.Equal(
        AttackCatalog.HasSteps(name),
        AttackCatalog.Create(name, new AttackChoice(Epsilon: 0.1, Steps: 100)) != AttackCatalog.Create(name, new AttackChoice(Epsilon: 0.1, Steps: 900)));

    [Theory]
    [MemberData(nameof(Names))]
    public void An_attack_that_says_that_it_has_restarts_reads_them(string name) => Assert.Equal(
        AttackCatalog.HasRestarts(name),
        AttackCatalog.Create(name, new AttackChoice(Epsilon: 0.1)) != AttackCatalog.Create(name, new AttackChoice(Epsilon: 0.1, Restarts: 2)));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sample_gets_the_same_bytes_in_any_batch_order_and_number_of_threads(string name)
    {
        Attack attack = Make(name);
        AttackResult whole = Run(attack, Inputs, Labels, batch: 64);
        int[] order = [.. Enumerable.Range(0, Count).Reverse()];
        Tensor turned = Tensor.Concatenate([.. order.Select(i => Inputs.Slice(0, i, i + 1))], 0);
        AttackResult other = Run(attack, turned, [.. order.Select(i => Labels[i])], batch: 7), one = Run(attack, Inputs, Labels, batch: 1);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(Row(whole.Adversarials, i), Row(one.Adversarials, i));
            Assert.Equal(Row(whole.Adversarials, order[i]), Row(other.Adversarials, i));
            Assert.Equal(whole.Samples[i], one.Samples[i]);
        }

        using var pool = new WorkerPool(1);
        using WorkerPool.Usage usage = pool.Use();
        Assert.Equal(whole.Adversarials.ToArray<float>(), Run(attack, Inputs, Labels, batch: 64).Adversarials.ToArray<float>());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_budget_of_gradients_is_obeyed_exactly(string name)
    {
        AttackResult found = Make(name).Run(Net, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1), new AttackRun { Gradients = 3 });
        Assert.All(found.Samples, sample => Assert.InRange(sample.Backwards, 0, 3));
    }

    /// <summary>AutoAttack for randomized defenses averages 20 evaluations per query.</summary>
    [Fact]
    public void Every_pass_of_an_average_is_counted()
    {
        Attack attack = Make("autoattack-rand");
        Assert.Equal("autoattack-rand", attack.Name);
        var counted = new Counted(new NetworkTarget(Net));
        AttackResult found = attack.Run(counted, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1), new AttackRun { Gradients = 50 });
        Assert.Equal((counted.Forwards, counted.Backwards), (found.Samples.Sum(sample => sample.Forwards), found.Samples.Sum(sample => sample.Backwards)));
        Assert.All(found.Samples, sample => Assert.True(sample.Backwards is 0 or 20 or 40));
    }

    [Fact]
    public void Attacks_that_need_no_gradients_work_on_delegates()
    {
        var decisions = new DelegateTarget([1, 8, 8], 4, (0, 1), (x, classes) =>
            Winners(Net, Tensor.From(x[..(classes.Length * 64)], [classes.Length, 1, 8, 8])).Select(w => (int)w).ToArray().CopyTo(classes));
        AttackResult found = new HopSkipJump { Queries = 500 }.Run(decisions, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        AttackResult same = new HopSkipJump { Queries = 500 }.Run(Net, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        Assert.Equal(same.Samples.Select(sample => sample.IsAdversarial), found.Samples.Select(sample => sample.IsAdversarial));
        Assert.Throws<NotSupportedException>(() => new Ddn().Run(decisions, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1)));
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_work_starts()
    {
        RandomStream random = RandomStream.FromSeed(1);
        Criterion criterion = Criterion.Misclassified(Labels);
        var attack = new Fgsm { Epsilon = 0.1 };
        Assert.Contains("outside the bounds", Assert.Throws<ArgumentException>(() => attack.Run(Net, Tensor.Full([Count, 1, 8, 8], 1.5f), criterion, random)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => attack.Run(Net, Tensor.Full([Count, 1, 8, 8], float.NaN), criterion, random));
        Assert.Throws<ArgumentException>(() => attack.Run(Net, Images(3), criterion, random));
        Assert.Throws<ArgumentException>(() => attack.Run(Net, Inputs, Criterion.Misclassified([.. Labels.Select(_ => 9L)]), random));
        Assert.Throws<ArgumentException>(() => attack.Run(Net, Inputs, Criterion.Targeted(Labels, [.. Labels.Select(_ => 7L)]), random));
        Assert.Throws<ArgumentException>(() => new Fgsm { Epsilon = -1 }.Run(Net, Inputs, criterion, random));
        Assert.Throws<ArgumentException>(() => new Ddn { Norm = Norm.L0 }.Run(Net, Inputs, criterion, random));
        Network unbounded = Network.Build(InputSpec.Features(4), x => x.Linear(3)).Initialize(random);
        Assert.Contains("bounds are unknown (got -Infinity to Infinity); pass them, such as (0f, 1f)", Assert.Throws<ArgumentException>(() => new NetworkTarget(unbounded)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logits_that_are_not_finite_are_a_result_of_their_own()
    {
        var broken = new DelegateTarget([1, 8, 8], 4, (0, 1), (x, count, logits) => logits.Fill(float.NaN));
        AttackResult found = AttackCatalog.Create("square", new AttackChoice(Epsilon: 0.1)).Run(broken, Inputs, Criterion.Misclassified(Labels), RandomStream.FromSeed(1));
        Assert.All(found.Samples, sample => Assert.Equal(AttackOutcome.NotFinite, sample.Outcome));
        Assert.Equal(Inputs.ToArray<float>(), found.Adversarials.ToArray<float>());
    }

    [Fact]
    public void Criteria_compose()
    {
        Criterion sure = Criterion.Misclassified([0]) & Criterion.Confidence(2);
        Assert.True(sure.Margin(0, [0, 3, 0]) < 0);
        Assert.False(sure.Margin(0, [0, 2, 0]) < 0);
        Assert.False(sure.Margin(0, [3, 0, 0]) < 0);
        Assert.Equal((0, 2f), (sure.Label(0), sure.Gap));
    }

    /// <summary>Counts the samples that pass through a target.</summary>
    private sealed class Counted(AttackTarget inner) : WrappedTarget(inner)
    {
        internal int Forwards { get; private set; }

        internal int Backwards { get; private set; }

        public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
        {
            Forwards += count;
            Inner.Scores(x, count, logits);
        }

        public override void Gradient(ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
        {
            (Forwards, Backwards) = (Forwards + count, Backwards + count);
            Inner.Gradient(x, count, logits, derivative, gradient);
        }
    }

    private static Attack Make(string name) => AttackCatalog.Create(name, new AttackChoice(Epsilon: 0.1, Steps: name is "ead" or "cw-original" ? 90 : name is "hop-skip-jump" or "square" ? 300 : 20));

    private static AttackResult Run(Attack attack, Tensor inputs, long[] labels, int batch = 5) =>
        attack.Run(Net, inputs, Criterion.Misclassified(labels), RandomStream.FromSeed(1), new AttackRun { BatchSize = batch });

    private static Tensor Images(int count)
    {
        float[] x = new float[count * 64];
        RandomStream.FromSeed(5).FillUniform(x, 0, 1);
        return Tensor.From(x, [count, 1, 8, 8]);
    }

    private static float[] Row(Tensor x, int i) => x.AsSpan<float>().Slice(i * 64, 64).ToArray();

    private static long[] Winners(Network network, Tensor x)
    {
        float[] logits = network.Forward(x).ToArray<float>();
        return [.. Enumerable.Range(0, x.Shape[0]).Select(i => (long)Array.IndexOf(logits[(i * 4)..((i + 1) * 4)], logits[(i * 4)..((i + 1) * 4)].Max()))];
    }

    [Theory]
    [InlineData(Norm.Linf)]
    [InlineData(Norm.L1)]
    [InlineData(Norm.L0)]
    public void No_gradients_are_kept_for_a_final_search_that_does_not_run(Norm norm) =>
        Assert.Equal(new Fmn { Norm = norm }, AttackCatalog.Create("fmn", new AttackChoice(norm)));
}
