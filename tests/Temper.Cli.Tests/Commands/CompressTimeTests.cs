using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Compression.Pipeline;
using Temper.Testing;
using Temper.Training.Runs;

namespace Temper.Cli.Tests.Commands;

/// <summary>The time limit of <c>temper compress</c> over the processes of one run.</summary>
public sealed class CompressTimeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Each read of the first process's clock advances it by a minute, so time passes before it plans. The clock of the
    /// second process stands still.
    /// </summary>
    [Fact]
    public void Time_before_the_plan_counts_in_a_resumed_run()
    {
        (TimeSpan first, RunFolder folder) = TimeLeft(TimeSpan.FromMinutes(1));
        Assert.InRange(first, TimeSpan.FromSeconds(1), Limit - TimeSpan.FromMinutes(1));
        Assert.Equal(first, TimeLeft(TimeSpan.Zero, folder).Left);
    }

    [Fact]
    public void Time_of_a_training_that_was_stopped_before_the_plan_counts()
    {
        RunFolder folder;
        using (RunSession stopped = Open(Context(TimeSpan.FromMinutes(1))))
        {
            folder = stopped.Folder;
            _ = stopped.Stopped("train", 1, "step 1 of training 'train'");
        }

        double seconds = folder.ReadSeconds();
        Assert.InRange(seconds, 60, 1800);
        Assert.Equal(Limit - TimeSpan.FromSeconds(seconds), TimeLeft(TimeSpan.Zero, folder).Left);
    }

    [Fact]
    public void Without_a_limit_nothing_is_recorded()
    {
        CommandContext context = Context(TimeSpan.Zero);
        using RunSession run = Open(context);
        Assert.Null(CompressCommand.WithTimeLeft(context, new CompressionOptions { Seed = 1 }, run).MaxTime);
        Assert.Empty(run.Folder.ReadDecisions());
    }

    private (TimeSpan Left, RunFolder Folder) TimeLeft(TimeSpan step, RunFolder? resume = null)
    {
        CommandContext context = Context(step, resume);
        using RunSession run = Open(context);
        CompressionOptions options = new() { Seed = 1, MaxTime = Limit };
        return (CompressCommand.WithTimeLeft(context, options, run).MaxTime!.Value, run.Folder);
    }

    private CommandContext Context(TimeSpan step, RunFolder? resume = null)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["runs"] = _folder.Path, ["quiet"] = "true" };
        if (resume is not null)
        {
            flags["resume"] = resume.FullPath;
        }

        return Settings.Context(new CompressCommand(), flags, new SteppedTime(step));
    }

    private static RunSession Open(CommandContext context) =>
        new(context, new RunDescription("compress", "net", "-") { PlansTime = true }, data: null);
}
