using System.Diagnostics;

namespace Temper.Training.Tests.Support;

/// <summary>This assembly as a program: <c>dotnet Temper.Training.Tests.dll FOLDER</c> trains with checkpoints in a folder, slowly.</summary>
internal static class TrainingProcess
{
    internal static TrainingOptions Options(string folder) => SmallRun.Options with { Epochs = 4, CheckpointFolder = folder };

    internal static Process Start(string folder) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(TrainingProcess).Assembly.Location, folder]) { UseShellExecute = false })!;

    private static void Main(string[] arguments) =>
        SmallRun.Fit(Options(arguments[0]) with { Callbacks = [new Slow()] });

    /// <summary>Gives the test time to kill the run before it ends.</summary>
    private sealed class Slow : ITrainingCallback
    {
        public void OnStep(StepProgress progress) => Thread.Sleep(progress.Epoch > 0 ? 100 : 0);

        public void OnEpoch(EpochResult epoch)
        {
        }
    }
}
