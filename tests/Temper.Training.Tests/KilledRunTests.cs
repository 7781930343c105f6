using System.Diagnostics;
using Temper.Training.Tests.Support;
using Temper.Testing;
using Temper.Training.Tracking;

namespace Temper.Training.Tests;

/// <summary>Kills a run (SIGKILL where signals exist) after its first checkpoint, then resumes it.</summary>
public sealed class KilledRunTests
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Random delays after the first checkpoint, in milliseconds, that hit epochs, edits and checkpoint writes.
    /// </summary>
    public static TheoryData<int> Moments => [.. Samples.Uniform(20, seed: 7).Select(u => (int)(1500 * Math.Abs(u)))];

    [LongTheory]
    [MemberData(nameof(Moments))]
    public void Resume_after_a_kill_at_any_moment_gives_the_bytes_of_a_run_that_never_stopped(int milliseconds) =>
        Resume_after_a_kill_gives_the_bytes_of_a_run_that_never_stopped(milliseconds);

    [Theory]
    [InlineData(150)]
    public void Resume_after_a_kill_gives_the_bytes_of_a_run_that_never_stopped(int milliseconds)
    {
        using var folder = new TemporaryFolder();
        using (Process process = TrainingProcess.Start(folder["checkpoints"]))
        {
            var clock = Stopwatch.StartNew();
            while (!Trainer.CanResume(folder["checkpoints"]) && clock.Elapsed < MaxTime && !process.HasExited)
            {
                Thread.Sleep(5);
            }

            Thread.Sleep(milliseconds);
            process.Kill();
            process.WaitForExit();
        }

        TrainingOptions options = TrainingProcess.Options(folder["checkpoints"]);
        string metricsPath = TrainingProcess.MetricsOf(folder["checkpoints"]);
        File.AppendAllText(metricsPath, "{\"step\":4");       // a line cut off by the kill
        TrainingResult resumed;
        using (var metrics = new TrainingProcess.Metrics(metricsPath))
        {
            resumed = SmallRun.Resume(options with { Callbacks = [metrics] });
        }

        Assert.True(resumed.IsComplete);
        Assert.Equal(4, resumed.Last.Nodes.Count(node => node.Name.StartsWith("grown", StringComparison.Ordinal)));
        Assert.Equal(resumed.History.Select(e => e.ValidationLoss), MetricsLog.Read(metricsPath).Select(line => line["validation/loss"]));
        Assert.Equal([20.0, 40, 60, 80], MetricsLog.Read(metricsPath).Select(line => line["step"]));
        Assert.Equal(4, File.ReadAllLines(metricsPath).Length);
        Assert.Equal(SmallRun.BytesOf(SmallRun.Fit(options with { CheckpointFolder = null })), SmallRun.BytesOf(resumed));
    }
}
