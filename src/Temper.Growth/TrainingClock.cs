using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Training;

namespace Temper.Growth;

/// <summary>
/// Measures the duration of a training, and ends it before an epoch that would exceed the time limit.
/// </summary>
/// <param name="stage">Name of the training stage.</param>
/// <param name="limit">Time limit of the whole run; null: none.</param>
/// <param name="before">Seconds of the run before this training.</param>
/// <param name="stages">Provides the clock and records choices.</param>
internal sealed class TrainingClock(string stage, TimeSpan? limit, double before, IGrowthRun stages) : IEpochEdit
{
    private ClockState _state = new();
    private long _lap = stages.Time.GetTimestamp();

    public string Name => "clock";

    public bool EndsTraining => _state.HasEnded;

    /// <summary>Seconds of the run so far, including this training.</summary>
    internal double Seconds => before + _state.Seconds;

    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        double seconds = stages.Time.GetElapsedTime(_lap).TotalSeconds;
        _lap = stages.Time.GetTimestamp();
        _state.Seconds += seconds;
        if (limit is { } max)
        {
            _state.HasEnded = stages.Choose(stage, $"epoch {epoch.Epoch + 2} in time", () =>
                Seconds + seconds <= max.TotalSeconds ? "yes" : "no") is "no";
        }
    }

    public JsonNode? Save() => JsonSerializer.SerializeToNode(_state, GrowthJson.Default.ClockState);

    public void Restore(JsonNode? state)
    {
        _state = state?.Deserialize(GrowthJson.Default.ClockState) ?? new ClockState();
        _lap = stages.Time.GetTimestamp();
    }

    // Decisions by time are recorded, so a resumed run may have another limit.
    public JsonNode Fingerprint() => new JsonObject();
}

/// <summary>Saved state of a <see cref="TrainingClock"/>.</summary>
internal sealed record ClockState
{
    public double Seconds { get; set; }

    public bool HasEnded { get; set; }
}
