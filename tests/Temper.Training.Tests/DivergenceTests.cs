using Temper.Data;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

/// <summary>Training that diverges stops with advice and leaves the last good checkpoint intact.</summary>
public sealed class DivergenceTests
{
    [Fact]
    public void A_loss_that_is_not_finite_ends_training_with_step_and_advice()
    {
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(
            () => SmallRun.Fit(SmallRun.Options with { Optimizer = new Sgd { LearningRate = 1e20f } }));
        Assert.InRange(error.Step, 1, 20);
        Assert.False(float.IsFinite(error.Loss));
        Assert.InRange(error.LearningRate, 0.9e20f, 1e20f);
        Assert.Contains($"at step {error.Step}", error.Message, StringComparison.Ordinal);
        Assert.Contains("lower the learning rate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_that_is_not_finite_ends_training()
    {
        float[] values = new float[432 * 3];
        values[500] = float.NaN;
        var data = new TensorDataset("broken", Tensor.From(values, [3, 3, 12, 12]), Tensor.From([0L, 1, 2], [3]));
        Assert.Throws<TrainingDivergedException>(() => Trainer.Fit(SmallRun.Network, data, SmallRun.Validation, SmallRun.Options));
    }

    [Fact]
    public void A_term_that_is_not_finite_ends_training_before_it_changes_a_weight()
    {
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(
            () => SmallRun.Fit(SmallRun.Options with { Regularizers = [new AtStep(5, "conv1.weight", () => float.NaN, double.NaN)] }));
        Assert.Equal(4, error.Step);
    }

    [Theory]
    [InlineData(30, float.MaxValue)]
    [InlineData(30, float.NaN)]
    [InlineData(40, float.NaN)]         // the last step of an epoch: no loss is computed before the checkpoint
    [InlineData(40, float.PositiveInfinity)]
    public void The_checkpoint_before_is_intact(int step, float gradient)
    {
        using var folder = new TemporaryFolder();
        TrainingOptions options = SmallRun.Options with { Epochs = 3, CheckpointFolder = folder["checkpoints"], Optimizer = new Sgd { LearningRate = 0.01f } };
        Assert.Throws<TrainingDivergedException>(
            () => SmallRun.Fit(options with { Regularizers = [new AtStep(step, "conv1.weight", () => gradient)] }));
        Assert.EndsWith("step-0000000020", Assert.Single(Directory.GetFileSystemEntries(folder["checkpoints"])), StringComparison.Ordinal);
        Assert.Equal(
            SmallRun.BytesOf(SmallRun.Fit(options with { CheckpointFolder = null })),
            SmallRun.BytesOf(SmallRun.Resume(options with { Regularizers = [new AtStep(int.MaxValue, "conv1.weight", () => 0)] })));
    }

    [Fact]
    public void Gradients_that_the_caller_made_infinite_do_not_pass_clipping_and_no_checkpoint_is_replaced_by_nan()
    {
        using var folder = new TemporaryFolder();
        var options = new LearnerOptions { Optimizer = new Sgd { LearningRate = 0.1f }, Clipping = new GradientClipping { MaxNorm = 1 } };
        using var learner = new Learner(SmallRun.Network, options);
        learner.Save(folder["c"], new Dictionary<string, string>(StringComparer.Ordinal));
        byte[] before = SmallRun.BytesOf(learner.Network);
        using (Gradients gradients = Gradients(learner))
        {
            gradients["conv1.weight"][0] = float.NaN;
            Assert.Contains("the gradients", Assert.Throws<TrainingDivergedException>(() => learner.Apply(gradients)).Message, StringComparison.Ordinal);
            Assert.Equal(before, SmallRun.BytesOf(learner.Network));
        }

        foreach (float factor in (float[])[float.NaN, -1, float.PositiveInfinity])
        {
            using Gradients gradients = Gradients(learner);
            Assert.Contains("got", Assert.Throws<ArgumentOutOfRangeException>(() => learner.Apply(gradients, factor)).Message, StringComparison.Ordinal);
        }

        // Without clipping nothing is checked, but such a network is not saved.
        using var unclipped = new Learner(SmallRun.Network, options with { Clipping = null });
        using (Gradients gradients = Gradients(unclipped))
        {
            gradients["conv1.weight"][0] = float.NaN;
            unclipped.Apply(gradients);
        }

        Assert.Throws<TrainingDivergedException>(() => unclipped.Save(folder["c"], new Dictionary<string, string>(StringComparer.Ordinal)));
        using var loaded = Learner.Load(folder["c"], options);
        Assert.Equal(before, SmallRun.BytesOf(loaded.Network));

        static Gradients Gradients(Learner learner) =>
            learner.Gradients((network, pass) => network.Forward(SmallRun.Train.Read(0, 4).Inputs, pass).Mean());
    }

    [Fact]
    public void A_stop_does_not_save_a_network_that_is_not_finite()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        TrainingOptions options = SmallRun.Options with
        {
            CheckpointFolder = folder["checkpoints"],
            Regularizers = [new AtStep(7, "conv1.weight", () => float.NaN)],
            Callbacks = [new StopAfter(7, stop)],
        };
        Assert.Throws<TrainingDivergedException>(() => SmallRun.Fit(options, stop.Token));
        Assert.False(Trainer.CanResume(folder["checkpoints"]));
    }
}
