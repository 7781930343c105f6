using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Training;

namespace Temper.Growth;

/// <summary>
/// Measures the duration of the final training, and ends it before an epoch that would exceed the time limit.
/// </summary>
internal sealed class FinishEdit(TimeSpan? limit, double before, IGrowthRun stages) : IEpochEdit
{
    internal const string Stage = "finish";

    private FinishState _state = new();
    private long _lap = stages.Time.GetTimestamp();

    public string Name => "finish";

    public bool EndsTraining => _state.HasEnded;

    /// <summary>Seconds of growth and final training so far.</summary>
    internal double Seconds => before + _state.Seconds;

    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        double seconds = stages.Time.GetElapsedTime(_lap).TotalSeconds;
        _lap = stages.Time.GetTimestamp();
        _state.Seconds += seconds;
        if (limit is { } max)
        {
            _state.HasEnded = stages.Choose(Stage, $"epoch {epoch.Epoch + 2} in time", () =>
                Seconds + seconds <= max.TotalSeconds ? "yes" : "no") is "no";
        }
    }

    public JsonNode? Save() => JsonSerializer.SerializeToNode(_state, GrowthJson.Default.FinishState);

    public void Restore(JsonNode? state)
    {
        _state = state?.Deserialize(GrowthJson.Default.FinishState) ?? new FinishState();
        _lap = stages.Time.GetTimestamp();
    }

    public JsonNode Fingerprint() => new JsonObject { ["limit"] = limit?.TotalSeconds };
}

/// <summary>Saved state of the final training.</summary>
internal sealed record FinishState
{
    public double Seconds { get; set; }

    public bool HasEnded { get; set; }
}
