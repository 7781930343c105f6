using Temper.Training.Runs;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Runs;

/// <summary>Decisions that depend on time are recorded in the run folder.</summary>
public sealed class RunDecisionTests : IDisposable
{
    private static readonly DateTimeOffset Then = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TemporaryFolder _root = new();
    private readonly RunFolder _folder;

    public RunDecisionTests() => _folder = RunFolder.Create(_root.Path, new RunName("train", "d", 1), new StoppedClock(Then));

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Decisions_are_read_in_the_order_in_which_they_were_made()
    {
        Assert.Empty(_folder.ReadDecisions());
        RunDecision first = Decision("first \"one\"\n"), second = Decision("second") with { Kind = RunDecision.Interrupt, Step = long.MaxValue };
        _folder.Record(first);
        _folder.Record(second);
        Assert.Equal([first, second], RunFolder.Open(_folder.FullPath).ReadDecisions());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("[{\"kind\": \"time-limit\"}]")]
    [InlineData("[{\"time\": \"2026-01-02T03:04:05+00:00\", \"kind\": null, \"phase\": \"a\", \"step\": 1, \"text\": \"b\"}]")]
    public void Damaged_file_is_refused_and_stays(string text)
    {
        File.WriteAllText(_folder.DecisionsPath, text);
        Assert.Contains(_folder.DecisionsPath, Assert.Throws<InvalidDataException>(() => _folder.Record(Decision("x"))).Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(_folder.DecisionsPath));
    }

    private static RunDecision Decision(string text) => new() { Time = Then, Kind = RunDecision.TimeLimit, Phase = "train", Step = 7, Text = text };
}
