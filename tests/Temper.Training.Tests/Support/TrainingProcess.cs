using System.Diagnostics;
using Temper.Optimization;
using Temper.Training.Tracking;

namespace Temper.Training.Tests.Support;

/// <summary>
/// Runs this assembly as a program: <c>dotnet Temper.Training.Tests.dll FOLDER</c> trains slowly and writes checkpoints
/// to a folder.
/// </summary>
internal static class TrainingProcess
{
    /// <summary>A run with momentum and averages whose network is edited after each epoch.</summary>
    internal static TrainingOptions Options(string folder) => SmallRun.Options with
    {
        Epochs = 4,
        CheckpointFolder = folder,
        Optimizer = new Sgd { LearningRate = 0.02f, Momentum = 0.9f },
        Average = new WeightAverage { Decay = 0.9f },
        Edits = [new Growing()],
    };

    internal static Process Start(string folder) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(TrainingProcess).Assembly.Location, folder]) { UseShellExecute = false })!;

    internal static string MetricsOf(string folder) => folder + ".jsonl";

    private static void Main(string[] arguments)
    {
        using var metrics = new Metrics(MetricsOf(arguments[0]));
        SmallRun.Fit(Options(arguments[0]) with { Callbacks = [new Slow(), metrics] });
    }

    /// <summary>Gives the test time to kill the run before it ends.</summary>
    private sealed class Slow : ITrainingCallback
    {
        public void OnStep(StepProgress progress) => Thread.Sleep(progress.Epoch > 0 ? 20 : 0);

        public void OnEpoch(EpochResult epoch)
        {
        }
    }

    /// <summary>Writes one line per epoch, as the command-line tool does.</summary>
    internal sealed class Metrics(string path) : ITrainingCallback, IDisposable
    {
        private readonly MetricsLog _log = new(path, TimeProvider.System);
        private long _step;

        public void OnStep(StepProgress progress) => _step = progress.Step;

        public void OnEpoch(EpochResult epoch) => _log.Write(epoch.Epoch + 1, _step, [new("validation/loss", epoch.ValidationLoss)]);

        public void Dispose() => _log.Dispose();
    }
}
