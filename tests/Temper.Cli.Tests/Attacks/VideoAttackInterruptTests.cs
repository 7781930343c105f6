using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;

namespace Temper.Cli.Tests.Attacks;

/// <summary>A signal to the process group ends ffmpeg too, whose failure is then not the reason to report.</summary>
public sealed class VideoAttackInterruptTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failure_of_ffmpeg_after_a_signal_is_an_interruption(bool isIO)
    {
        using var signal = new CancellationTokenSource();
        Exception failure = isIO ? new IOException("ffmpeg cannot write the file (exit code 143)") : new FormatException("ffmpeg cannot read the file");
        Exception error = Assert.Throws<OperationCanceledException>(() => VideoAttackRun.Interruptible(
            () =>
            {
                signal.CancelAfter(TimeSpan.FromMilliseconds(10));
                throw failure;
            },
            TimeSpan.FromMinutes(1),
            signal.Token));
        Assert.Equal(ExitCode.Interrupted, Failure.Of(error).Code);
    }

    [Fact]
    public void Without_a_signal_the_failure_is_told()
    {
        Exception error = Assert.Throws<IOException>(() => VideoAttackRun.Interruptible(
            () => throw new IOException("ffmpeg cannot write the file (exit code 1)"),
            TimeSpan.Zero,
            CancellationToken.None));
        Assert.Equal(ExitCode.InputOutput, Failure.Of(error).Code);
        Assert.Equal(7, VideoAttackRun.Interruptible(() => 7, TimeSpan.Zero, CancellationToken.None));
    }
}
