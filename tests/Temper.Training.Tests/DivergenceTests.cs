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
