using Temper.Cli.Runs;
using Temper.Reporting.Runs;

namespace Temper.Cli.Tests.Runs;

/// <summary>The table of networks at the end of a run.</summary>
public sealed class RunRecordsTests
{
    [Theory]
    [InlineData(false, 100L)]
    [InlineData(false, 99L)]
    [InlineData(false, 100L, 100L)]
    [InlineData(false, 10L, 10L)]
    [InlineData(true, 50L)]
    [InlineData(true, 100L, 25L)]
    public void Weights_are_shown_if_there_are_fewer(bool isShown, params long[] left)
    {
        (string[] heads, IReadOnlyList<string[]> rows) = RunRecords.Text(Record(left), []);
        string[] expected = isShown ? ["network", "#weights left", "#fewer", "#file, gzip"] : ["network", "#file, gzip"];
        Assert.Equal(expected, heads);
        Assert.All(rows, row => Assert.Equal(heads.Length, row.Length));
    }

    private static RunRecord Record(long[] left) => new()
    {
        Title = "net on no data", Command = "train", Network = "net", Data = "-", Seed = 1, Validation = 0, Seconds = 1, Phases = [], Sections = [], Reproduce = [],
        Networks =
        [
            .. left.Select((count, i) => new NetworkRecord
            {
                Name = $"network {i}", TestAccuracy = null, TestLoss = null, Bytes = 1024, CompressedBytes = 1024, Layers = [new LayerRecord("fc.weight", 100, count)],
            }),
        ],
    };
}
