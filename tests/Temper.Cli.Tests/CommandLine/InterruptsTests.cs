using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Output;
using Temper.Cli.Tests.Support;

namespace Temper.Cli.Tests.CommandLine;

/// <summary>When Ctrl-C and SIGTERM stop a command instead of ending its process.</summary>
public sealed class InterruptsTests
{
    [Fact]
    public void Signals_are_handled_as_soon_as_a_command_asks_for_the_token_or_for_that()
    {
        using var reads = new Interrupts(() => { });
        using var asks = new Interrupts(() => { });
        CommandContext reading = ContextOf(reads, ranks: 1), asking = ContextOf(asks, ranks: 1);
        Assert.False(reads.AreHandled || asks.AreHandled);
        Assert.False(reading.Cancel.IsCancellationRequested);
        asking.HandleSignals();
        Assert.True(reads.AreHandled && asks.AreHandled);
    }

    /// <summary>In a compression, all ranks but the first wait for it most of the time.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void A_rank_that_only_waits_for_others_is_not_ended_by_the_first_signal(int ranks, bool expected)
    {
        using var interrupts = new Interrupts(() => { });
        ContextOf(interrupts, ranks);
        Assert.Equal(expected, interrupts.AreHandled);
    }

    private static CommandContext ContextOf(Interrupts interrupts, int ranks)
    {
        SettingValues values = Settings.Resolve(new CompressCommand());
        return Application.ContextOf(values, Terminal.For(values), interrupts, ranks);
    }
}
