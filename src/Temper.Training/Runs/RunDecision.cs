using System.Text.Json;
using System.Text.Json.Serialization;

namespace Temper.Training.Runs;

/// <summary>
/// Something in a run that depended on time or on somebody at the keyboard, so that its settings and its seed do not
/// explain it: a time limit that stopped it, kernels chosen by measured time. Kept in the run folder, so that a resume
/// can say what happened.
/// </summary>
public sealed record RunDecision
{
    /// <summary>A time limit stopped the run after a step.</summary>
    public const string TimeLimit = "time-limit";

    /// <summary>Ctrl-C or SIGTERM stopped the run after a step.</summary>
    public const string Interrupt = "interrupt";

    /// <summary>When, in UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What kind of decision, such as <see cref="TimeLimit"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Which training of the run.</summary>
    public required string Phase { get; init; }

    /// <summary>Optimizer steps that this training had made.</summary>
    public required long Step { get; init; }

    /// <summary>One line for people.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// Seconds that the run had taken, those before earlier stops included; null where nobody measured.
    /// </summary>
    public double? Seconds { get; init; }

    /// <summary>What was chosen, for a resume that has to take the same; null where nothing was.</summary>
    public string? Value { get; init; }
}

/// <summary>Reads and writes the decisions of a run without reflection.</summary>
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
                $"run: {path} is not what a run writes (got {file.Length} bytes, expected at most {MaximumBytes})");
        }

        try
        {
            IReadOnlyList<RunDecision>? decisions =
                JsonSerializer.Deserialize(File.ReadAllBytes(path), Default.IReadOnlyListRunDecision);
            return decisions is not null && decisions.All(decision => decision is not null)
                ? decisions
                : throw new JsonException("an entry is missing");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"run: {path} is not what a run writes ({error.Message})", error);
        }
    }

    internal static void Write(string path, IReadOnlyList<RunDecision> decisions) =>
        Formats.AtomicFile.WriteText(path, JsonSerializer.Serialize(decisions, Default.IReadOnlyListRunDecision));
}
