using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Growth;
using Temper.Testing;

namespace Temper.Cli.Tests.Runs;

/// <summary>What <c>temper grow</c> notes about its steps.</summary>
public sealed class SessionGrowthTests : IDisposable
{
    private static readonly GrowthStep[] Steps =
    [
        new(GrowthEvents.Seed, -1, [1, 1], 0, null, 1000, 41_234, 0),
        new(GrowthEvents.Limit, 1, [1, 1], 3, 0.5, 1000, 1_000_000, 10, "1-2 would have 2,000 parameters"),
        new(GrowthEvents.Grow, 0, [2, 1], 3, 0.5, 2000, 2_500_000, 10),
        new(GrowthEvents.Finish, -1, [2, 1], 3, 0.75, 2000, 2_500_000, 20),
    ];

    private static readonly string[] Lines =
    [
        "seed: 1-1, 41,234 MACs, 0 s",
        "limit layer2: 1-1, best so far 50.00 %, 1.0 million MACs, 10 s (1-2 would have 2,000 parameters)",
        "grow layer1: 2-1, best so far 50.00 %, 2.5 million MACs, 10 s",
        "finish: 2-1, held-out 75.00 %, 2.5 million MACs, 20 s",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_step_is_noted_once_with_its_stage() => Assert.Equal(Lines, Noted(0, 3, 3, 4));

    [Fact]
    public void A_resumed_run_does_not_note_the_steps_of_its_checkpoint() => Assert.Equal(Lines[2..], Noted(2, 3, 4));

    /// <summary>
    /// Reports records with the given numbers of steps, the first of which were restored, and returns the lines of the log.
    /// </summary>
    private string[] Noted(int restored, params int[] counts)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["runs"] = _folder.Path, ["quiet"] = "true" };
        CommandContext context = Settings.Context(new GrowCommand(), flags, new SteppedTime(TimeSpan.Zero));
        using RankJob ranks = RankJob.Open(context, "grow");
        using var run = new RunSession(context, new RunDescription("grow", "net", "-") { PlansTime = true }, data: null);
        var stages = new SessionGrowth(run, ranks);
        foreach (int count in counts)
        {
            stages.Report(new GrowthRecord
            {
                Stages = ["layer1", "layer2"], Path = Steps[..count], Points = [new GrowthPoint([1, 1], 3, 0.5, 1000, 1_000_000, 10)],
                RestoredSteps = restored, Seconds = 20,
            });
        }

        return File.ReadAllLines(run.Folder.LogPath);
    }
}
