using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Robustness.Tests.Feedback;

/// <summary>Feedback examples, and rounds of feedback learning on drawn shapes.</summary>
public sealed class FeedbackLearningTests
{
    private static readonly DataSets Data = DataSource.Open("synth:shapes?count=300&classes=3&size=12");
    private static readonly (Dataset Train, Dataset Validation) Parts = Data.SplitValidation(60, RandomStream.FromSeed(1).Split("validation"));
    private static readonly TrainingOptions Training = new() { Seed = 1, BatchSize = 32, Epochs = 6, Optimizer = new Adam { LearningRate = 3e-3f } };
    private static readonly Lazy<Network> Trained = new(() => Trainer.Fit(
        Network.Build(InputSpec.Image(1, 12, 12), x => x.Conv2d(4, kernel: 3).Relu().MaxPool2d(2).Flatten().Linear(16).Relu().Linear(3)).Initialize(RandomStream.FromSeed(1)),
        Parts.Train, Parts.Validation, Training).Network);

    private static FeedbackOptions Options => new()
    {
        Seed = 1, Rounds = 2, Epochs = 1, MaxProbed = 60, ProbedPart = 0.5, MaxAccuracyDrop = 0.3, MinGain = 0, Training = Training,
        Probe = new ProbeOptions { Families = [new AdversarialDirection(), new RandomDirections { Rays = 2 }, new NearestMeanDirection(), new BlurPath()] },
    };

    [Fact]
    public void Examples_lie_around_the_boundary_in_the_wanted_proportions_and_their_labels_are_safe()
    {
        (Tensor x, Tensor y) = Parts.Train.Read(0, 120);
        var reference = new SampleReference(Parts.Train);
        ProbeResult found = DecisionSpaceProbe.Run(new NetworkTarget(Trained.Value), x, y.AsSpan<long>(), reference, RandomStream.FromSeed(1), Options.Probe);
        DecisionSpace space = DecisionSpace.Of(found);
        int[] quotas = [30, 60, 10];
        FeedbackSet set = new FeedbackGenerator(found, space, Options, RandomStream.FromSeed(2)).Run(quotas, Parts.Train.SampleShape);
        Assert.Equal(set.Labels.Count, set.Inputs.Shape[0]);
        Assert.DoesNotContain(set.Inputs.ToArray<float>(), value => value is < 0 or > 1);
        for (int k = 0; k < 3; k++)
        {
            ClassFeedback got = set.Classes[k];
            Assert.Equal(quotas[k], got.Wanted);
            Assert.Equal(set.Labels.Count(label => label == k), got.Made);
            Assert.True(got.Made == got.Wanted || got.Made + got.Rejected == 8 * got.Candidates, $"class {k}: {got}");
        }

        Assert.True(set.Labels.Count > 50, $"{set.Labels.Count} examples");

        // Every seventh example must lie on a poorly learned path of a sample of its class, at most half as far from
        // that sample as the nearest sample of another class.
        ProbedPath[] poor = [.. found.Paths.Where(path => path.Exited && path.Distance < space.Of(path.Family)!.Tau)];
        for (int i = 0; i < set.Labels.Count; i += 7)
        {
            float[] example = set.Inputs.AsSpan<float>().Slice(i * 144, 144).ToArray();
            Assert.Contains(poor.Where(path => path.Label == set.Labels[i]), path =>
            {
                ProbedSample sample = path.Point!.Path.Sample;
                double moved = Perturbations.Distance(Norm.L2, example, sample.Clean);
                return moved <= path.Length * 1.1001 && moved <= (sample.Others!.Distance / 2) + 1e-6 && Perturbations.Distance(Norm.L2, example, sample.Clean) > 0.5 * path.Length;
            });
        }
    }

    [Fact]
    public void Rounds_are_repeatable_and_a_stopped_run_goes_on_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        List<FeedbackRound> reported = [];
        FeedbackResult whole = FeedbackLearning.Run(Trained.Value, Options, new MethodRun(Parts), reported.Add);
        Assert.Equal(whole.Rounds.Select(round => round.Number), reported.Select(round => round.Number));
        Assert.InRange(whole.Rounds.Count, 2, 3);
        Assert.Equal(0, whole.Rounds[0].Training.Total);
        Assert.Equal(240, whole.Rounds[1].Training.Forwards);
        Assert.True(whole.Probing.Forwards > 60 && whole.Probing.Backwards > 0);
        Assert.Equal(1, whole.Rounds[0].Score);

        // Cancels in the middle of the first training.
        var folderOfRun = RunFolder.Create(folder["run"], new RunName("harden", "shapes", 1), TimeProvider.System);
        using var cancel = new CancellationTokenSource();
        FeedbackOptions stopping = Options with { Training = Training with { Callbacks = [new Stopper(cancel)] } };
        Assert.Throws<OperationCanceledException>(
            () => FeedbackLearning.Run(Trained.Value, stopping, new MethodRun(Parts, new StagedRun(folderOfRun, TimeProvider.System), cancel: cancel.Token)));
        FeedbackResult resumed = FeedbackLearning.Run(Trained.Value, Options, new MethodRun(Parts, new StagedRun(RunFolder.Open(folderOfRun.FullPath), TimeProvider.System)));
        Assert.Equal(whole.Rounds.Select(round => (round.Accuracy, round.Score)), resumed.Rounds.Select(round => (round.Accuracy, round.Score)));
        Assert.Equal(Bytes(whole.Network, folder["a.safetensors"]), Bytes(resumed.Network, folder["b.safetensors"]));
    }

    [Fact]
    public void A_bound_that_is_not_met_is_said()
    {
        FeedbackResult found = FeedbackLearning.Run(
            Trained.Value, Options with { Training = Training with { Optimizer = new Sgd { LearningRate = 30 } }, MaxAccuracyDrop = 0 }, new MethodRun(Parts));
        Assert.False(found.IsWithinBound);
        Assert.Equal(1, found.Best);
        Assert.Contains("accuracy", found.StopReason, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => FeedbackLearning.Run(Trained.Value, Options with { Rounds = 0 }, new MethodRun(Parts)));
        Assert.Throws<ArgumentException>(() => FeedbackLearning.Run(Trained.Value, Options with { Families = ["sideways"] }, new MethodRun(Parts)));
        Assert.Throws<ArgumentException>(() => FeedbackLearning.Run(Trained.Value, Options with { Families = ["nearest"] }, new MethodRun(Parts)));
    }

    private static byte[] Bytes(Network network, string path)
    {
        ModelFile.Save(network, path);
        return File.ReadAllBytes(path);
    }

    private sealed class Stopper(CancellationTokenSource cancel) : ITrainingCallback
    {
        public void OnStep(StepProgress progress)
        {
            if (progress.Step >= 3)
            {
                cancel.Cancel();
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }
    }
}
