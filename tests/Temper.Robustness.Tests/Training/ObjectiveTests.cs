using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Robustness.Tests.Training;

/// <summary>Contract of every objective for robust training; a new objective needs a new row.</summary>
public sealed class ObjectiveTests
{
    private static readonly InnerAttack Inner = new() { Epsilon = 0.1, Steps = 3 };

    private static readonly Network Net = Network.Build(InputSpec.Image(1, 6, 6), x => x.Conv2d(3, kernel: 3).Relu().Flatten().Linear(3)).Initialize(RandomStream.FromSeed(2));

    private static readonly Dictionary<string, Func<Objective>> Rows = new(StringComparer.Ordinal)
    {
        ["pgd"] = () => new PgdTraining { Attack = Inner },
        ["pgd l2"] = () => new PgdTraining { Attack = Inner with { Norm = Norm.L2, Epsilon = 0.5 } },
        ["pgd awp"] = () => new PgdTraining { Attack = Inner, WeightPerturbation = 0.05 },
        ["trades"] = () => new TradesTraining { Attack = Inner },
        ["trades awp"] = () => new TradesTraining { Attack = Inner, WeightPerturbation = 0.05 },
        ["mart"] = () => new MartTraining { Attack = Inner },
        ["fair"] = () => new ClassReweighting(Set(12), Inner, 3, 1).Objective,
        ["noise"] = () => new CorruptionTraining { Families = [new NoisePath()] },
        ["corruptions"] = () => new CorruptionTraining { Share = 1, Severity = 1 },
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Batches_stay_within_ball_and_bounds_and_are_repeatable(string name)
    {
        Objective objective = Rows[name]();
        Batch clean = Read(0, 9), batch = objective.Prepare(Net, clean, RandomStream.FromSeed(4)), again = Rows[name]().Prepare(Net, Read(0, 9), RandomStream.FromSeed(4));
        Assert.Equal(batch.Inputs.ToArray<float>(), again.Inputs.ToArray<float>());
        Assert.DoesNotContain(batch.Inputs.ToArray<float>(), value => value is < 0 or > 1);
        int rows = batch.Inputs.Shape[0];
        Assert.True(rows is 9 or 18);
        Assert.Equal(rows, batch.Targets.Shape[0]);
        if (objective is AdversarialObjective adversarial)
        {
            for (int row = 0; row < rows; row++)
            {
                double moved = Perturbations.Distance(adversarial.Attack.Norm, Row(batch.Inputs, row), Row(clean.Inputs, row % 9));
                Assert.InRange(moved, 0, row < rows - 9 ? 0 : adversarial.Attack.Epsilon * 1.0001);
            }
        }

        Assert.NotEqual(clean.Inputs.ToArray<float>(), batch.Inputs.ToArray<float>()[^(9 * 36)..]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_are_those_of_finite_differences(string name)
    {
        Objective objective = Rows[name]();
        Batch batch = objective.Prepare(Net, Read(0, 6), RandomStream.FromSeed(4));

        // The gradient treats the weight perturbation of AWP as a constant, so the reference differentiates at the
        // perturbed weights.
        Network at = objective is AdversarialObjective { WeightPerturbation: > 0 and var gamma } adversarial
            ? WeightAscent.Of(Net, gamma, moved => (adversarial with { WeightPerturbation = 0 }).Value(moved, Pass.Evaluation, batch).Loss)
            : Net;
        Objective plain = objective is AdversarialObjective same ? same with { WeightPerturbation = 0 } : objective;
        using var learner = new Learner(Net, new LearnerOptions());
        using Gradients gradients = learner.Gradients((net, pass) => objective.Value(net, pass, batch).Loss);
        const float Step = 2e-3f;
        foreach (Parameter parameter in at.Parameters)
        {
            float[] values = parameter.Value.ToArray<float>();
            for (int i = 0; i < values.Length; i += Math.Max(1, values.Length / 4))
            {
                double slope = (Value(i, Step) - Value(i, -Step)) / (2 * Step);
                Assert.Equal(slope, gradients[parameter.Name][i], 2e-2 * Math.Max(1, Math.Abs(slope)));
            }

            double Value(int i, float step)
            {
                float[] moved = [.. values];
                moved[i] += step;
                Network other = at.WithParameters([parameter with { Value = Tensor.From(moved, parameter.Value.Shape) }]);
                return plain.Value(other, Pass.Evaluation, batch).Loss.ToScalar();
            }
        }
    }

    [Fact]
    public void Values_are_those_of_the_papers_formulas()
    {
        var trades = new TradesTraining { Attack = Inner, Beta = 4 };
        var mart = new MartTraining { Attack = Inner, Lambda = 5 };
        Batch batch = trades.Prepare(Net, Read(0, 8), RandomStream.FromSeed(1));
        double[][] z = [.. Net.Forward(batch.Inputs).ToArray<float>().Chunk(3).Select(row => row.Select(value => (double)value).ToArray())];
        long[] y = batch.Targets.ToArray<long>()[..8];
        double expectedTrades = 0, expectedMart = 0;
        for (int i = 0; i < 8; i++)
        {
            double[] p = Softmax(z[i]), q = Softmax(z[i + 8]);
            double divergence = p.Zip(q, (a, b) => a * (Math.Log(a) - Math.Log(b))).Sum(), others = q.Where((_, k) => k != y[i]).Max();
            expectedTrades += (-Math.Log(p[y[i]]) + (4 * divergence)) / 8;
            expectedMart += (-Math.Log(q[y[i]]) - Math.Log(1.0001 - others) + (5 * divergence * (1.0000001 - p[y[i]]))) / 8;
        }

        Assert.Equal(expectedTrades, trades.Value(Net, Pass.Evaluation, batch).Loss.ToScalar(), 1e-4);
        Assert.Equal(expectedMart, mart.Value(Net, Pass.Evaluation, batch).Loss.ToScalar(), 1e-4);

        static double[] Softmax(double[] row)
        {
            double sum = row.Sum(Math.Exp);
            return [.. row.Select(value => Math.Exp(value) / sum)];
        }
    }

    [Fact]
    public void Weight_ascent_raises_the_loss_and_moves_each_weight_by_its_part()
    {
        Batch batch = Read(0, 9);
        Network moved = WeightAscent.Of(Net, 0.05, net => net.Forward(batch.Inputs).CrossEntropy(batch.Targets));
        Assert.True(moved.Forward(batch.Inputs).CrossEntropy(batch.Targets).ToScalar() > Net.Forward(batch.Inputs).CrossEntropy(batch.Targets).ToScalar());
        foreach (Parameter parameter in Net.Parameters)
        {
            float[] before = parameter.Value.ToArray<float>(), after = moved.Parameters[parameter.Name].Value.ToArray<float>();
            double part = Perturbations.Distance(Norm.L2, before, after) / Math.Max(Perturbations.Length(before), 1e-9);
            Assert.Equal(parameter.Value.Rank > 1 ? 0.05 : 0, part, 1e-4);
        }
    }

    [Fact]
    public void Attacks_in_training_raise_the_loss()
    {
        Batch batch = Read(0, 20);
        float Loss(Tensor x) => Net.Forward(x).CrossEntropy(batch.Targets).ToScalar();
        float clean = Loss(batch.Inputs);
        Assert.True(Loss(Inner.Run(Net, batch, RandomStream.FromSeed(1))) > clean);
        Assert.True(Loss((Inner with { Norm = Norm.L2, Epsilon = 0.6 }).Run(Net, batch, RandomStream.FromSeed(1))) > clean);
        Assert.Throws<ArgumentException>(() => (Inner with { Epsilon = 0 }).Run(Net, batch, RandomStream.FromSeed(1)));
        Assert.Throws<ArgumentException>(() => (Inner with { Norm = Norm.L1 }).Run(Net, batch, RandomStream.FromSeed(1)));
    }

    [Fact]
    public void Every_option_changes_the_fingerprint()
    {
        var trades = new TradesTraining { Attack = Inner };
        var mart = new MartTraining { Attack = Inner };
        var corruptions = new CorruptionTraining();
        Objective[] all =
        [
            trades, trades with { Beta = 1 }, trades with { WeightPerturbation = 0.01 }, trades with { Attack = Inner with { Epsilon = 0.2 } },
            trades with { Attack = Inner with { Steps = 4 } }, trades with { Attack = Inner with { StepSize = 0.01 } }, trades with { Attack = Inner with { Norm = Norm.L2 } },
            mart with { Lambda = 1 }, mart, corruptions, corruptions with { Share = 0.1 }, corruptions with { Severity = 0.1 }, corruptions with { Families = [new NoisePath()] },
        ];
        Assert.Distinct(all.Select(objective => Fingerprints.Of(objective).ToJsonString()));
    }

    [Fact]
    public void Passes_are_counted_as_the_method_makes_them()
    {
        Assert.Equal(new PassCount(4, 4), new PgdTraining { Attack = Inner }.Passes);
        Assert.Equal(new PassCount(6, 5), new TradesTraining { Attack = Inner }.Passes);
        Assert.Equal(new PassCount(5, 5), new MartTraining { Attack = Inner }.Passes);
        Assert.Equal(new PassCount(5, 5), new PgdTraining { Attack = Inner, WeightPerturbation = 0.01 }.Passes);
    }

    [Fact]
    public void Edits_keep_the_most_robust_epoch_and_weigh_weak_classes_through_a_resume()
    {
        (Dataset train, Dataset held) = (Set(60), Set(24));
        var stopping = new RobustEarlyStopping(held, Inner, 1);
        var fair = new ClassReweighting(held, Inner, 3, 1);
        TrainingResult result = Trainer.Fit(Net, train, held, new TrainingOptions { Seed = 1, Epochs = 3, BatchSize = 20, Objective = fair.Objective, Edits = [stopping, fair] });
        Assert.True(result.IsComplete && stopping.Best is not null && stopping.BestAccuracy is >= 0 and <= 1);
        Assert.Equal(3, fair.Weights.Sum(), 1e-4f);
        Assert.Contains(fair.Weights, weight => weight != 1);
        var other = new RobustEarlyStopping(held, Inner, 1);
        other.RestoreNetworks(stopping.SaveNetworks());
        other.Restore(stopping.Save());
        Assert.Equal(stopping.BestAccuracy, other.BestAccuracy);
        Assert.Same(stopping.Best, other.Best);
        var weights = new ClassReweighting(held, Inner, 3, 1);
        weights.Restore(fair.Save());
        Assert.Equal(fair.Weights, weights.Weights);
    }

    [Fact]
    public void A_network_may_know_more_classes_than_the_samples()
    {
        Network wide = Network.Build(InputSpec.Image(1, 6, 6), x => x.Flatten().Linear(5)).Initialize(RandomStream.FromSeed(2));
        Defense fair = Defense.Create("fair", Inner, Set(12), seed: 1);

        // All weights are 1 at first, also those of the two classes without samples.
        Batch batch = Read(0, 9);
        Assert.Equal(wide.Forward(batch.Inputs).CrossEntropy(batch.Targets).ToScalar(), fair.Objective!.Value(wide, Pass.Evaluation, batch).Loss.ToScalar(), 1e-5f);
        TrainingResult result = Trainer.Fit(wide, Set(30), Set(12), new TrainingOptions { Seed = 1, Epochs = 2, BatchSize = 10, Objective = fair.Objective, Edits = fair.Edits });
        Assert.True(result.IsComplete);
        Assert.Equal(3, Assert.Single(fair.Edits.OfType<ClassReweighting>()).Weights.Count);
    }

    /// <summary>The mean over the samples of two ranks is not the mean weighted by class.</summary>
    [Fact]
    public void Class_reweighting_is_refused_on_several_ranks()
    {
        Dataset held = Set(12);
        var fair = new ClassReweighting(held, Inner, 3, 1);
        Assert.Throws<NotSupportedException>(() => Trainer.Fit(Net, held, held, new TrainingOptions
        {
            Seed = 1, Epochs = 1, Objective = fair.Objective with { WeightPerturbation = 0.01 }, Edits = [fair], Ranks = new FirstOfTwo(),
        }));
    }

    /// <summary>The first class would be the largest if NaN counted.</summary>
    [Fact]
    public void A_network_that_diverged_gives_no_right_answer()
    {
        Network diverged = Net.WithParameters(Net.Parameters.Select(parameter => parameter with { Value = parameter.Value * float.NaN }));
        Assert.All(AttackedAnswers.Of(diverged, Set(12), Inner, 1), one => Assert.Equal(-1, one.Answer));
    }

    private sealed class FirstOfTwo : TrainingRanks
    {
        public override BatchPart Part => new(0, 2);
    }

    private static TensorDataset Set(int count)
    {
        float[] x = new float[count * 36];
        RandomStream.FromSeed(7).FillUniform(x, 0, 1);
        return new TensorDataset("drawn", Tensor.From(x, [count, 1, 6, 6]), Tensor.From([.. Enumerable.Range(0, count).Select(i => (long)(i % 3))], [count]));
    }

    private static Batch Read(int start, int count)
    {
        (Tensor x, Tensor y) = Set(start + count).Read(start, count);
        return new Batch(x, y, 0);
    }

    private static float[] Row(Tensor x, int row) => x.AsSpan<float>().Slice(row * 36, 36).ToArray();

    [Fact]
    public void Accuracy_of_the_most_robust_epoch_is_that_of_the_kept_average()
    {
        (Dataset train, Dataset held) = (Set(60), Set(24));
        var stopping = new RobustEarlyStopping(held, Inner, 1);
        Trainer.Fit(Net, train, held, new TrainingOptions
        {
            Seed = 1, Epochs = 3, BatchSize = 20, Average = new WeightAverage { Decay = 0.99f },
            Optimizer = new Adam { LearningRate = 0.05f }, Objective = new PgdTraining { Attack = Inner }, Edits = [stopping],
        });
        int right = AttackedAnswers.Of(stopping.Best!, held, Inner, 1).Count(one => one.Answer == one.Label);
        Assert.Equal(right / 24.0, stopping.BestAccuracy);
    }
}
