using System.Buffers.Binary;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;
using Temper.Training;
using Temper.Training.Runs;
using Temper.Training.Tracking;

namespace Temper.Cli.Tests.Runs;

/// <summary>Metrics and histograms of a run that was resumed.</summary>
public sealed class RunTrackerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;

    public RunTrackerTests() => _run = RunFolder.Create(_folder.Path, new RunName("train", "none", 1), TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Points_of_a_training_without_epochs_are_numbered_through()
    {
        Write(100, 200, 300);

        // The checkpoint is older than the last point, so the resumed training repeats it.
        Write(300, 400, 500);
        IReadOnlyList<IReadOnlyDictionary<string, double>> lines = MetricsLog.Read(_run.MetricsPath);
        Assert.Equal([100, 200, 300, 400, 500], lines.Select(line => (int)line["step"]));
        Assert.Equal([1, 2, 3, 4, 5], lines.Select(line => (int)line["epoch"]));
    }

    [Fact]
    public void Histograms_of_a_finished_training_are_not_written_again()
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2, name: "fc")).Initialize(RandomStream.FromSeed(1));
        using (var tracker = new RunTracker(_run, TimeProvider.System))
        {
            tracker.Start("first/", 2);
            tracker.AddWeights(network, 40);                     // finished before the run was resumed: no step is made
            tracker.StepsBefore += 40;
            tracker.Start("second/", 2);
            tracker.OnStep(new StepProgress(0, 0, 1, 7, 0.5));
            tracker.AddWeights(network, 7);
            tracker.StepsBefore += 7;
            tracker.Start("third/", 2);
            tracker.AddWeights(network, 9);
        }

        Assert.Equal([47, 47], Steps(Assert.Single(Directory.GetFiles(_run.TensorBoardPath))));
    }

    [Fact]
    public void Progress_does_not_show_the_validation_of_an_earlier_training()
    {
        var shown = new Shown();
        using var tracker = new RunTracker(_run, TimeProvider.System) { Display = shown };
        tracker.Start("first/", 1);
        tracker.OnEpoch(new EpochResult
        {
            Epoch = 0, TrainLoss = 0.5, TrainAccuracy = 0.5, Regularization = 0, ValidationLoss = 0.5, ValidationAccuracy = 0.75,
            LearningRate = 0.1, IsBest = true,
        });
        tracker.Start("second/", 1);
        tracker.OnStep(new StepProgress(0, 0, 1, 1, 0.5));
        Assert.Equal(["epoch 1/1, loss 0.500, validation 75.00 %", "epoch 1/1, loss 0.500"], shown.States);
    }

    [Fact]
    public void A_run_that_has_not_ended_cannot_be_resumed()
    {
        using (new RunTracker(_run, TimeProvider.System))
        {
            Assert.Throws<IOException>(() => new RunTracker(_run, TimeProvider.System));
        }

        new RunTracker(_run, TimeProvider.System).Dispose();
    }

    private sealed class Shown : ProgressDisplay
    {
        internal List<string> States { get; } = [];

        internal override void Report(double done, string state) => States.Add(state);
    }

    /// <summary>Runs a process that writes a point at each step.</summary>
    private void Write(params ReadOnlySpan<long> steps)
    {
        using var tracker = new RunTracker(_run, TimeProvider.System);
        foreach (long step in steps)
        {
            tracker.Write(step, [new("return", 1)]);
        }
    }

    /// <summary>
    /// Reads the steps of an event file. Each record has a length (int64), a checksum (int32), an event and another
    /// checksum; an event begins with its time (field 1, 8 bytes) and its step (field 2; here less than 128, so one
    /// byte). The first event holds the version and no step.
    /// </summary>
    private static int[] Steps(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        List<int> steps = [];
        for (int at = 0; at < file.Length; at += 16 + (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at)))
        {
            ReadOnlySpan<byte> record = file.AsSpan(at + 12);
            if (record[9] == 0x10)
            {
                steps.Add(record[10]);
            }
        }

        return [.. steps];
    }
}
