using System.Text.Json;
using System.Text.Json.Serialization;

namespace Temper.Training.Runs;

/// <summary>
/// An event in a run that depends on time or on the user and so cannot be reproduced from settings and seed: a time
/// limit or interrupt that stopped the run, or kernels chosen by measured time. Recorded in the run folder for use by a
/// resumed run.
/// </summary>
public sealed record RunDecision
{
    /// <summary>A time limit stopped the run after a step.</summary>
    public const string TimeLimit = "time-limit";

    /// <summary>Ctrl-C or SIGTERM stopped the run after a step.</summary>
    public const string Interrupt = "interrupt";

    /// <summary>Time of the decision, in UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Kind of decision, such as <see cref="TimeLimit"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Name of the training stage within the run.</summary>
    public required string Phase { get; init; }

    /// <summary>Number of optimizer steps done in this stage.</summary>
    public required long Step { get; init; }

    /// <summary>One-line description for the user.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// Running time of the run in seconds, including the time before earlier stops; null if not measured.
    /// </summary>
    public double? Seconds { get; init; }

    /// <summary>The value chosen, which a resumed run must use again; null if the decision chose no value.</summary>
    public string? Value { get; init; }
}

/// <summary>Serializes the decisions of a run, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(IReadOnlyList<RunDecision>))]
internal sealed partial class RunDecisionJson : JsonSerializerContext
{
    private const long MaximumBytes = 16 << 20;

    internal static IReadOnlyList<RunDecision> Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return [];
        }

        if (file.Length > MaximumBytes)
        {
            throw new InvalidDataException(
                $"run: {path} is not a decisions file (got {file.Length} bytes, expected at most {MaximumBytes})");
        }

        try
        {
            IReadOnlyList<RunDecision>? decisions =
                JsonSerializer.Deserialize(File.ReadAllBytes(path), Default.IReadOnlyListRunDecision);
            return decisions is not null && decisions.All(decision => decision is not null)
                ? decisions
                : throw new JsonException("an entry is null");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"run: {path} is not a decisions file ({error.Message})", error);
        }
    }

    internal static void Write(string path, IReadOnlyList<RunDecision> decisions) =>
        Formats.AtomicFile.WriteText(path, JsonSerializer.Serialize(decisions, Default.IReadOnlyListRunDecision));
}
