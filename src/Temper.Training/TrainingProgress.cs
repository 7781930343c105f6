using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Formats;
using Temper.Optimization;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <summary>
/// Progress of a training run, in addition to the learner's state. A checkpoint saves it as the method's JSON.
/// </summary>
internal sealed record TrainingProgress
{
    /// <summary>Index of the current epoch; <see cref="Batch"/> is the index of its next batch.</summary>
    public int Epoch { get; set; }

    public int Batch { get; set; }

    public int BestEpoch { get; set; } = -1;

    /// <summary>Sum of the losses of the current epoch's samples.</summary>
    public double LossSum { get; set; }

    public long Correct { get; set; }

    /// <summary>
    /// Number of predictions that were counted: one for each row of the prepared batches, none if the objective returns
    /// no output.
    /// </summary>
    public long Counted { get; set; }

    public long Samples { get; set; }

    /// <summary>Sum of the regularizers' values in the last step.</summary>
    public double Terms { get; set; }

    public List<EpochResult> History { get; init; } = [];

    /// <summary>Saved states of the edits between epochs, by name.</summary>
    public SortedDictionary<string, JsonNode?> Edits { get; init; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Options of the exchange between the ranks that wrote the checkpoint; null: there was one rank, or it was written
    /// before these were saved.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SortedDictionary<string, string>? Exchange { get; set; }

    /// <summary>Learning rate of the last step. Not saved, because each epoch ends with a step.</summary>
    [JsonIgnore]
    internal float LearningRate { get; set; }

    internal JsonNode ToJson() => JsonSerializer.SerializeToNode(this, TrainingJson.Default.TrainingProgress)!;

    /// <summary>Reads and validates the JSON written by <see cref="ToJson"/>.</summary>
    /// <param name="json">The JSON from a checkpoint.</param>
    /// <param name="folder">Folder of checkpoints, for the error message.</param>
    /// <exception cref="ModelFormatException">The JSON is damaged.</exception>
    internal static TrainingProgress Read(JsonNode? json, string folder)
    {
        try
        {
            TrainingProgress progress = json?.Deserialize(TrainingJson.Default.TrainingProgress)
                ?? throw new JsonException("it holds no progress of the trainer");
            return progress.IsPlausible() ? progress : throw new JsonException("the counters contradict each other");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw CheckpointState.Damaged(Checkpoint.NewestState(folder), e.Message, e);
        }
    }

    /// <summary>
    /// Continues on other ranks, of any number. Several ranks must exchange values as those before did, if there were
    /// several.
    /// </summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="folder">Folder of checkpoints, for the error message; null: the run starts.</param>
    /// <exception cref="ModelFormatException">An option differs; the message names it.</exception>
    internal void ContinueOn(TrainingRanks ranks, string? folder)
    {
        SortedDictionary<string, string> own = ranks.ExchangeOptions();
        if (Exchange is not null && own.Count > 0 && Fingerprints.Differences(own, Exchange) is { Count: > 0 } found)
        {
            throw new ModelFormatException(
                Checkpoint.NewestState(folder!), "checkpoint: the ranks of the run exchanged values in another way: "
                    + $"{string.Join(", ", found)}; resume with the original DataRanksOptions");
        }

        Exchange = own.Count > 0 ? own : null;
    }

    internal void BeginEpoch() => (Batch, LossSum, Correct, Counted, Samples) = (0, 0, 0, 0, 0);

    private bool IsPlausible() =>
        Epoch >= 0 && Batch >= 0 && Correct >= 0 && Counted >= 0 && Samples >= 0 && History.Count == Epoch
        && BestEpoch >= -1 && BestEpoch < History.Count;
}
