using System.Text.Json.Nodes;

namespace Temper.Growth.Tests;

/// <summary>The saved state of a growth.</summary>
public sealed class GrowthStateTests
{
    private const string Saved = """
        {
          "track": {
            "best": [0.5, 0.75], "live": [0], "grown": 1, "growths": 2, "since": 1, "gainEpoch": 1, "accuracyAtGrowth": 0.5,
            "gains": ["NaN", 0.25], "blockMacs": [100, 10]
          },
          "stages": [{ "blocks": ["a"], "next": 1 }, { "blocks": ["b", "c"], "next": 3 }],
          "gainStages": null, "gainAnswers": null, "path": [], "points": [],
          "intervalBest": 0.75, "seconds": 12, "secondsPerMac": 0.5, "hasEnded": false
        }
        """;

    [Fact]
    public void A_checkpoint_is_read_and_written_with_all_its_fields()
    {
        GrowthState state = GrowthState.Read(JsonNode.Parse(Saved)!, stages: 2);
        Assert.Equal([0.5, 0.75], state.Track.Best);
        Assert.Equal([0], state.Track.Live);
        Assert.Equal((1, 2, 1, 1, 0.5), (state.Track.Grown, state.Track.Growths, state.Track.Since, state.Track.GainEpoch, state.Track.AccuracyAtGrowth));
        Assert.Equal([double.NaN, 0.25], state.Track.Gains);
        Assert.Equal([100L, 10L], state.Track.BlockMacs);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Saved), state.ToJson()), state.ToJson().ToJsonString());
    }

    /// <summary>Older checkpoints have 0 where the accuracy was not measured.</summary>
    [Theory]
    [InlineData("0", 0.0)]
    [InlineData("0.75", 0.75)]
    [InlineData("null", null)]
    public void A_step_is_read_with_and_without_accuracy(string written, double? accuracy)
    {
        string step = $$"""
            { "event": "seed", "stage": -1, "depths": [1, 1], "epoch": 0, "accuracy": {{written}}, "parameters": 10, "macs": 20, "seconds": 0, "reason": null }
            """;
        string saved = Saved.Replace("\"path\": []", $"\"path\": [{step}]", StringComparison.Ordinal);
        GrowthState state = GrowthState.Read(JsonNode.Parse(saved)!, stages: 2);
        Assert.Equal(accuracy, Assert.Single(state.Path).Accuracy);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(saved), state.ToJson()), state.ToJson().ToJsonString());
    }

    [Fact]
    public void A_damaged_checkpoint_is_refused()
    {
        string damaged = Saved.Replace("\"live\": [0]", "\"live\": [2]", StringComparison.Ordinal);
        Assert.Contains("is damaged", Assert.Throws<InvalidDataException>(() => GrowthState.Read(JsonNode.Parse(damaged)!, stages: 2)).Message, StringComparison.Ordinal);
    }
}
