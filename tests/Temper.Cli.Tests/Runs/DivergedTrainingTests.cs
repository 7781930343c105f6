using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training;
using Temper.Training.Runs;
using Temper.Training.Tracking;

namespace Temper.Cli.Tests.Runs;

/// <summary>A run that goes on after a training that diverged, as a growth does.</summary>
public sealed class DivergedTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A resumed run skips the metrics of steps that are in the file, so no two trainings may have the same ones.</summary>
    [Fact]
    public void Steps_of_the_next_training_follow()
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["runs"] = _folder.Path, ["quiet"] = "true" };
        CommandContext context = Settings.Context(new TrainCommand(), flags, TimeProvider.System);
        DataSets data = DataSource.Open("synth:shapes?count=60&classes=3&size=8");
        Shape shape = data.Train.SampleShape;
        Network network = Network.Build(InputSpec.Image(shape[0], shape[1], shape[2]), x => x.Flatten().Linear(3)).Initialize(RandomStream.FromSeed(1));
        var options = new TrainingOptions { Seed = 1, Epochs = 3, BatchSize = 16 };
        RunFolder folder;
        using (var run = new RunSession(context, new RunDescription("train", "net", "shapes"), data))
        {
            folder = run.Folder;
            Assert.Throws<TrainingDivergedException>(() => run.Fit("grow", network, options with { Callbacks = [new DivergesInLastEpoch()] }));
            run.Fit("finish", network, options);
        }

        double[] steps = [.. MetricsLog.Read(folder.MetricsPath).Select(line => line["step"])];
        Assert.Equal(5, steps.Length);
        Assert.Equal(steps.Distinct().Order(), steps);
    }

    private sealed class DivergesInLastEpoch : ITrainingCallback
    {
        public void OnStep(StepProgress progress)
        {
            if (progress.Epoch == 2)
            {
                throw new TrainingDivergedException(progress.Step, float.NaN, 0.1f);
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }
    }
}
