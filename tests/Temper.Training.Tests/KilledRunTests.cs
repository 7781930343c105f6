using System.Diagnostics;
using Temper.Training.Tests.Support;

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
        TrainingResult resumed = SmallRun.Resume(options);
        Assert.True(resumed.IsComplete);
        Assert.Equal(SmallRun.BytesOf(SmallRun.Fit(options with { CheckpointFolder = null })), SmallRun.BytesOf(resumed));
    }
}
