using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <summary>
/// Where a run of the trainer stands, beside the learner's state: what a checkpoint saves as the method's JSON.
/// </summary>
internal sealed record TrainingProgress
{
    /// <summary>The epoch that is running, and the batch that comes next in it.</summary>
    public int Epoch { get; set; }

    public int Batch { get; set; }

    public int BestEpoch { get; set; } = -1;

    /// <summary>Sums over the running epoch.</summary>
    public double LossSum { get; set; }

    public long Correct { get; set; }

    /// <summary>
    /// Samples whose answers were counted; fewer than <see cref="Samples"/> where an objective gives no output.
    /// </summary>
    public long Counted { get; set; }

    public long Samples { get; set; }

    /// <summary>The regularizers' value in the last step.</summary>
    public double Terms { get; set; }

    public List<EpochResult> History { get; init; } = [];

    /// <summary>What edits between epochs remember, by name.</summary>
    public SortedDictionary<string, JsonNode?> Edits { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Of the last step. Not saved: an epoch ends with a step.</summary>
    [JsonIgnore]
    internal float LearningRate { get; set; }

    internal JsonNode ToJson() => JsonSerializer.SerializeToNode(this, TrainingJson.Default.TrainingProgress)!;

    /// <summary>Reads and checks what <see cref="ToJson"/> gave.</summary>
    /// <param name="json">From a checkpoint.</param>
    /// <param name="folder">The checkpoints' folder, for the error.</param>
    /// <exception cref="Formats.ModelFormatException">It is damaged.</exception>
    internal static TrainingProgress Read(JsonNode? json, string folder)
    {
        try
        {
            TrainingProgress progress = json?.Deserialize(TrainingJson.Default.TrainingProgress)
                ?? throw new JsonException("it is not of the trainer");
            return progress.IsPlausible() ? progress : throw new JsonException("numbers contradict each other");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw CheckpointState.Damaged(Checkpoint.NewestState(folder), e.Message, e);
        }
    }

    internal void BeginEpoch() => (Batch, LossSum, Correct, Counted, Samples) = (0, 0, 0, 0, 0);

    private bool IsPlausible() =>
        Epoch >= 0 && Batch >= 0 && Correct >= 0 && Counted >= 0 && Samples >= 0 && History.Count == Epoch
        && BestEpoch >= -1 && BestEpoch < History.Count;
}
