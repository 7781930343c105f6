using System.Diagnostics;
using Temper.Training.Tests.Support;
using Temper.Training.Tracking;

namespace Temper.Training.Tests;

/// <summary>A run that is killed (SIGKILL where there are signals) after its first checkpoint, then resumed.</summary>
public sealed class KilledRunTests
{
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);

    [Fact]
    public void Resume_after_a_kill_gives_the_bytes_of_a_run_that_never_stopped()
    {
        using var folder = new TemporaryFolder();
        using (Process process = TrainingProcess.Start(folder["checkpoints"]))
        {
            var clock = Stopwatch.StartNew();
            while (!Trainer.CanResume(folder["checkpoints"]) && clock.Elapsed < MostTime && !process.HasExited)
            {
                Thread.Sleep(5);
            }

            Thread.Sleep(150);          // into the next epoch
            Assert.False(process.HasExited);
            process.Kill();
            process.WaitForExit();
            Assert.NotEqual(0, process.ExitCode);
        }

        TrainingOptions options = TrainingProcess.Options(folder["checkpoints"]);
        string metricsPath = TrainingProcess.MetricsOf(folder["checkpoints"]);
        File.AppendAllText(metricsPath, "{\"step\":4");       // as a kill in the middle of a line would leave it
        TrainingResult resumed;
        using (var metrics = new TrainingProcess.Metrics(metricsPath))
        {
            resumed = SmallRun.Resume(options with { Callbacks = [metrics] });
        }

        Assert.True(resumed.IsComplete);
        Assert.Equal(resumed.History.Select(e => e.ValidationLoss), MetricsLog.Read(metricsPath).Select(line => line["validation/loss"]));
        Assert.Equal([20.0, 40, 60, 80], MetricsLog.Read(metricsPath).Select(line => line["step"]));
        Assert.Equal(4, File.ReadAllLines(metricsPath).Length);
        Assert.Equal(SmallRun.BytesOf(SmallRun.Fit(options with { CheckpointFolder = null })), SmallRun.BytesOf(resumed));
    }
}
