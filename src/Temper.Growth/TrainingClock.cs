using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth;

/// <summary>
/// Measures the duration of a training, and ends it before an epoch that would exceed the time limit.
/// </summary>
/// <param name="stage">Name of the training stage.</param>
/// <param name="limit">Time limit of the whole run; null: none.</param>
/// <param name="before">
/// Seconds of the run before this training. A resumed training takes those of its checkpoint, as the process that began
/// it has measured them.
/// </param>
/// <param name="run">Provides the clock and records choices.</param>
internal sealed class TrainingClock(string stage, TimeSpan? limit, double before, IMethodRun run) : IEpochEdit
{
    private ClockState _state = new() { Before = before };
    private long _lap = run.Time.GetTimestamp();

    public string Name => "clock";

    public bool EndsTraining => _state.HasEnded;

    /// <summary>Seconds of the run so far, including this training.</summary>
    internal double Seconds => (_state.Before ?? before) + _state.Seconds;

    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        double seconds = run.Time.GetElapsedTime(_lap).TotalSeconds;
        _lap = run.Time.GetTimestamp();
        _state.Seconds += seconds;
        if (limit is { } max)
        {
            string next = string.Create(CultureInfo.InvariantCulture, $"epoch {epoch.Epoch + 2} in time");
            _state.HasEnded = !run.Decide(stage, next, () => Seconds + seconds <= max.TotalSeconds);
        }
    }

    public JsonNode? Save() => JsonSerializer.SerializeToNode(_state, GrowthJson.Default.ClockState);

    public void Restore(JsonNode? state)
    {
        _state = state?.Deserialize(GrowthJson.Default.ClockState) ?? new ClockState { Before = before };
        _lap = run.Time.GetTimestamp();
    }

    // Decisions by time are recorded, so a resumed run may have another limit.
    public JsonNode Fingerprint() => new JsonObject();
}

/// <summary>Saved state of a <see cref="TrainingClock"/>.</summary>
internal sealed record ClockState
{
    /// <summary>Seconds of the run before the training; null in files of earlier versions.</summary>
    public double? Before { get; init; }

    public double Seconds { get; set; }

    public bool HasEnded { get; set; }
}
