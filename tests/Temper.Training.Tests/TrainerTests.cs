using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training.Evaluation;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

public sealed class TrainerTests
{
    private static readonly Dataset Points = new SyntheticBlobs(106, 3, 5, RandomStream.FromSeed(1), RandomStream.FromSeed(2));

    private static readonly Dataset OtherPoints = new SyntheticBlobs(50, 3, 5, RandomStream.FromSeed(1), RandomStream.FromSeed(3));

    private static readonly Network Perceptron = Network.Build(InputSpec.Features(5), x => x.Linear(8).Relu().Linear(3)).Initialize(RandomStream.FromSeed(4));

    private static readonly TrainingOptions Options = new() { Seed = 5, Epochs = 2, BatchSize = 32, Optimizer = new Sgd { LearningRate = 0.1f } };

    [Fact]
    public void Lenet_300_100_learns_figures_in_seconds()
    {
        Network network = NetworkZoo.LeNet300100().Initialize(RandomStream.FromSeed(1));
        Dataset train = SyntheticShapes.Draw(4000, 10, 28, channels: 1, RandomStream.FromSeed(2));
        Dataset validation = SyntheticShapes.Draw(400, 10, 28, channels: 1, RandomStream.FromSeed(3));
        Dataset test = SyntheticShapes.Draw(1000, 10, 28, channels: 1, RandomStream.FromSeed(4));
        TrainingResult run = Trainer.Fit(network, train, validation, new TrainingOptions { Seed = 6, Epochs = 8, Optimizer = new Adam { LearningRate = 1e-3f } });
        Assert.True(Evaluator.Evaluate(run.Network, test).Accuracy > 0.95);
    }

    [Fact]
    public void An_objective_with_several_rows_per_sample_trains_on_their_mean()
    {
        TrainingResult expected = Fit(Options), found = Fit(Options with { Objective = new Doubled() });
        AssertClose(expected.Last, found.Last, 1e-5f);
        Assert.Equal(expected.History[1].TrainLoss, found.History[1].TrainLoss, 4);
        Assert.Equal(expected.History[1].TrainAccuracy, found.History[1].TrainAccuracy, 4);
    }

    [Theory]
    [InlineData(8, 4)]          // 106 = 13 x 8 + 2 samples: the last step has a full and a partial batch
    [InlineData(16, 2)]
    public void Accumulated_batches_equal_the_batch_that_they_make(int size, int accumulation)
    {
        TrainingOptions big = Options with { Schedule = new CosineSchedule() };
        TrainingResult expected = Fit(big);
        TrainingResult found = Fit(big with { BatchSize = size, Accumulation = accumulation });
        Assert.Equal(expected.Steps, found.Steps);
        AssertClose(expected.Last, found.Last, 1e-6f);
        Assert.Equal(expected.History[1].TrainLoss, found.History[1].TrainLoss, 5);
    }

    [Fact]
    public void The_batches_of_a_step_have_dropout_of_their_own()
    {
        // Two batches of the same sample: with identical dropout masks, the mean gradient would equal that of one
        // batch.
        Network network = Network.Build(InputSpec.Features(5), x => x.Dropout(0.5f).Linear(3)).Initialize(RandomStream.FromSeed(4));
        Dataset same = Points.Subset([7, 7]);
        TrainingOptions once = Options with { Epochs = 1, BatchSize = 1 };
        using var stop = new CancellationTokenSource();
        TrainingResult one = Trainer.Fit(network, same, same, once with { Callbacks = [new StopAfter(1, stop)] }, stop.Token);
        TrainingResult two = Trainer.Fit(network, same, same, once with { Accumulation = 2 });
        Assert.Equal(one.Steps, two.Steps);
        Assert.NotEqual(SmallRun.BytesOf(one.Last), SmallRun.BytesOf(two.Last));
    }

    [Fact]
    public void The_loss_with_smoothing_and_class_weights_is_its_formula()
    {
        const double Smoothing = 0.2;
        float[] weights = [1, 2, 0.5f];
        TrainingResult run = Fit(Options with
        {
            Epochs = 1, BatchSize = Points.Count, Optimizer = new Sgd { LearningRate = 0 },
            Loss = new CrossEntropyLoss { LabelSmoothing = (float)Smoothing, ClassWeights = weights },
        });

        // As in torch.nn.CrossEntropyLoss: the class's share of the target times its weight, over the sum of the
        // labels' weights.
        (Tensor inputs, Tensor labels) = Points.Read(0, Points.Count);
        float[] logits = Perceptron.Forward(inputs).ToArray<float>();
        double sum = 0, total = 0;
        for (int n = 0; n < Points.Count; n++)
        {
            double[] row = [.. logits[(n * 3)..((n + 1) * 3)].Select(v => (double)v)];
            double norm = Math.Log(row.Sum(Math.Exp));
            long label = labels.AsSpan<long>()[n];
            total += weights[label];
            for (int c = 0; c < 3; c++)
            {
                sum -= weights[c] * ((c == label ? 1 - Smoothing : 0) + (Smoothing / 3)) * (row[c] - norm);
            }
        }

        Assert.Equal(sum / total, run.History[0].TrainLoss, 5);
    }

    [Fact]
    public void The_average_follows_its_formula_and_is_what_is_validated_and_returned()
    {
        const int Steps = 6;
        var average = new WeightAverage { Decay = 0.3f };
        float[] expected = Perceptron.Parameters[0].Value.ToArray<float>();
        for (int step = 1; step <= Steps; step++)
        {
            float[] weights = After(step, Options).Parameters[0].Value.ToArray<float>();
            double decay = Math.Min(average.Decay, step / (9.0 + step));
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] = (float)((decay * expected[i]) + ((1 - decay) * weights[i]));
            }
        }

        float[] found = After(Steps, Options with { Average = average }).Parameters[0].Value.ToArray<float>();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));

        TrainingResult run = Fit(Options with { Average = average });
        Assert.Equal(Evaluator.Evaluate(run.Last, OtherPoints).Loss, run.History[^1].ValidationLoss);
        Assert.NotEqual(SmallRun.BytesOf(Fit(Options).Last), SmallRun.BytesOf(run.Last));

        static Network After(int steps, TrainingOptions options)
        {
            using var stop = new CancellationTokenSource();
            return Trainer.Fit(Perceptron, Points, OtherPoints, options with { Callbacks = [new StopAfter(steps, stop)] }, stop.Token).Last;
        }
    }

    [Fact]
    public void Frozen_parameters_keep_their_bytes()
    {
        TrainingResult run = Fit(Options with
        {
            Groups = [new ParameterGroup { Names = "fc1.*", IsFrozen = true }],
            Optimizer = new AdamW { LearningRate = 0.01f },
        });
        Assert.All(Perceptron.Parameters, before =>
        {
            float[] after = run.Last.Parameters[before.Name].Value.ToArray<float>();
            Assert.Equal(before.Name.StartsWith("fc1.", StringComparison.Ordinal), before.Value.ToArray<float>().SequenceEqual(after));
        });

        TrainingResult again = Trainer.Fit(
            Perceptron.WithTrainable(isTrainable: false, p => p.Name.StartsWith("fc1.", StringComparison.Ordinal)), Points, OtherPoints,
            Options with { Optimizer = new AdamW { LearningRate = 0.01f } });
        Assert.Equal(SmallRun.BytesOf(run.Last), SmallRun.BytesOf(again.Last));
    }

    [Fact]
    public void Groups_have_rates_and_decays_of_their_own()
    {
        TrainingResult run = Fit(Options with
        {
            Optimizer = new Sgd { LearningRate = 0.1f, WeightDecay = 0.5f, DecoupledDecay = true },
            Groups = [new ParameterGroup { Names = "fc2.bias", RateFactor = 0 }],
        });
        Assert.Equal(Perceptron.Parameters["fc2.bias"].Value.ToArray<float>(), run.Last.Parameters["fc2.bias"].Value.ToArray<float>());
        Assert.NotEqual(Perceptron.Parameters["fc1.bias"].Value.ToArray<float>(), run.Last.Parameters["fc1.bias"].Value.ToArray<float>());
    }

    [Fact]
    public void The_schedule_is_read_at_each_step()
    {
        // 4 steps per epoch; the last one starts after 96 of the 106 samples.
        TrainingResult cosine = Fit(Options with { Epochs = 3, Schedule = new CosineSchedule() });
        Assert.All(cosine.History, epoch =>
            Assert.Equal(0.1 * 0.5 * (1 + Math.Cos(Math.PI * (epoch.Epoch + (96.0 / 106)) / 3)), epoch.LearningRate, 6));

        // The rate is zero from the second epoch on, so these steps change nothing.
        TrainingResult one = Fit(Options with { Epochs = 1 });
        TrainingResult three = Fit(Options with { Epochs = 3, Schedule = new StepSchedule { Every = 1, Gamma = 0 } });
        Assert.Equal(12, three.Steps);
        Assert.Equal(SmallRun.BytesOf(one.Last), SmallRun.BytesOf(three.Last));
        Assert.Equal([0.1f, 0f, 0f], three.History.Select(epoch => (float)epoch.LearningRate));
    }

    [Fact]
    public void Training_ends_when_validation_no_longer_gains()
    {
        TrainingResult run = Fit(Options with
        {
            Epochs = 20, Optimizer = new Sgd { LearningRate = 0 }, EarlyStopping = new EarlyStopping { Patience = 3 },
        });
        Assert.True(run.IsComplete);
        Assert.Equal(4, run.History.Count);
        Assert.Equal(0, run.BestEpoch);
    }

    [Fact]
    public void The_network_of_the_best_epoch_is_returned()
    {
        TrainingResult run = Fit(Options with { Epochs = 6, Optimizer = new Sgd { LearningRate = 2.5f } });
        EpochResult best = run.History.OrderByDescending(e => e.ValidationAccuracy).ThenBy(e => e.ValidationLoss).First();
        Assert.Equal(best.Epoch, run.BestEpoch);
        Assert.Equal(run.BestEpoch, run.History.Last(e => e.IsBest).Epoch);
        EvaluationResult found = Evaluator.Evaluate(run.Network, OtherPoints);
        Assert.Equal((best.ValidationAccuracy, best.ValidationLoss), (found.Accuracy, found.Loss));
    }

    [Fact]
    public void A_regression_finds_its_line()
    {
        float[] inputs = Samples.Gaussian(200 * 2, 1);
        float[] targets = [.. Enumerable.Range(0, 200).Select(i => (2 * inputs[2 * i]) - (3 * inputs[(2 * i) + 1]) + 0.5f)];
        var data = new TensorDataset("line", Tensor.From(inputs, [200, 2]), Tensor.From(targets, [200, 1]));
        Network line = Network.Build(InputSpec.Features(2), x => x.Linear(1)).Initialize(RandomStream.FromSeed(1));
        TrainingResult run = Trainer.Fit(line, data, data, Options with { Epochs = 40, Loss = new MeanSquaredErrorLoss() });
        Assert.All(run.Network.Parameters["fc1.weight"].Value.ToArray<float>().Zip([2f, -3f]), w => Assert.Equal(w.Second, w.First, 1e-3f));
        Assert.True(double.IsNaN(run.History[0].ValidationAccuracy));
        Assert.True(run.History[^1].ValidationLoss < 1e-5);
    }

    [Fact]
    public void Several_labels_a_sample_are_learned()
    {
        float[] inputs = Samples.Gaussian(200 * 3, 2);
        float[] targets = [.. inputs.Select(v => v > 0 ? 1f : 0f)];
        var data = new TensorDataset("signs", Tensor.From(inputs, [200, 3]), Tensor.From(targets, [200, 3]));
        Network signs = Network.Build(InputSpec.Features(3), x => x.Linear(3)).Initialize(RandomStream.FromSeed(1));
        TrainingResult run = Trainer.Fit(
            signs, data, data, Options with { Epochs = 20, Optimizer = new Adam { LearningRate = 0.1f }, Loss = new BinaryCrossEntropyLoss() });
        float[] outputs = run.Network.Forward(Tensor.From(inputs, [200, 3])).ToArray<float>();
        Assert.InRange(outputs.Zip(inputs).Count(pair => pair.First > 0 == pair.Second > 0), 585, 600);
    }

    private static TrainingResult Fit(TrainingOptions options) => Trainer.Fit(Perceptron, Points, OtherPoints, options);

    private static void AssertClose(Network expected, Network found, float tolerance) =>
        Assert.All(expected.Parameters, p => Assert.All(
            p.Value.ToArray<float>().Zip(found.Parameters[p.Name].Value.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, tolerance)));

    /// <summary>Adds a copy of every sample to the batch.</summary>
    private sealed record Doubled : Objective
    {
        public override Batch Prepare(Network network, Batch batch, RandomStream stream)
        {
            long[] once = batch.Targets.ToArray<long>();
            return batch with { Inputs = Tensor.Concatenate([batch.Inputs, batch.Inputs], 0), Targets = Tensor.From([.. once, .. once], [2 * once.Length]) };
        }

        public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
        {
            Tensor output = network.Forward(batch.Inputs, pass);
            return new ObjectiveValue(output.CrossEntropy(batch.Targets), output);
        }

        public override JsonNode Fingerprint() => new JsonObject();
    }
}
