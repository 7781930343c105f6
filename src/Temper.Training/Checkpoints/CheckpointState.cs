using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Optimization;
using Temper.Training.Runs;

namespace Temper.Training.Checkpoints;

/// <summary>
/// <c>state.json</c>: what a checkpoint holds besides tensors, what it was written with, and the digests of its other
/// files.
/// </summary>
internal sealed record CheckpointState
{
    private const int CurrentVersion = 2;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>Version of Temper that wrote it.</summary>
    public string Tool { get; init; } = RunEnvironment.ToolVersion;

    /// <summary>The learner's options by name: a run goes on only with the same.</summary>
    public required SortedDictionary<string, string> Options { get; init; }

    /// <summary>What else decides the bytes of the run, by name: the method's options, what the data were.</summary>
    public required SortedDictionary<string, string> Identity { get; init; }

    /// <summary>SHA-256 of the other files by name, in hexadecimal.</summary>
    public required SortedDictionary<string, string> Files { get; init; }

    /// <summary>Steps of the optimizer by parameter.</summary>
    public required SortedDictionary<string, long> OptimizerSteps { get; init; }

    public required long Steps { get; init; }

    public required long Gradients { get; init; }

    public JsonNode? Method { get; init; }

    internal void Write(Stream stream) => JsonSerializer.Serialize(stream, this, TrainingJson.Default.CheckpointState);

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="ModelFormatException">It is damaged or of another version.</exception>
    internal static CheckpointState Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream);
            RequireVersion(document.RootElement, path);
            CheckpointState state = document.Deserialize(TrainingJson.Default.CheckpointState)
                ?? throw new JsonException("it holds nothing");
            return state.IsPlausible() ? state : throw new JsonException("numbers contradict each other");
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or FormatException)
        {
            throw Damaged(path, e.Message, e);
        }
    }

    internal static ModelFormatException Damaged(string path, string found, Exception? inner = null) =>
        new(path, 0, $"checkpoint: the state is damaged (got: {found}); begin the training again", inner);

    /// <summary>Throws unless a run goes on as it began.</summary>
    /// <param name="options">The learner's options.</param>
    /// <param name="identity">What else decides the bytes; null: not compared.</param>
    /// <param name="path">The file, for the error.</param>
    /// <exception cref="ModelFormatException">Something differs: the error names it.</exception>
    internal void Require(
        IReadOnlyDictionary<string, string> options, IReadOnlyDictionary<string, string>? identity, string path)
    {
        string[] differences =
        [
            .. Fingerprints.Differences(options, Options),
            .. identity is null ? [] : Fingerprints.Differences(identity, Identity),
        ];
        if (differences.Length > 0)
        {
            throw new ModelFormatException(
                path, 0, $"checkpoint: the run began with other options or data: {string.Join(", ", differences)}; "
                    + "resume with those of the run");
        }
    }

    private static void RequireVersion(JsonElement root, string path)
    {
        int version = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("version", out JsonElement value)
            && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
            ? number
            : throw new JsonException("no version");
        if (version != CurrentVersion)
        {
            string tool = root.TryGetProperty("tool", out JsonElement name) ? name.ToString() : "of its time";
            throw new ModelFormatException(
                path, 0, $"checkpoint: written by another version (got format {version}, expected {CurrentVersion}); "
                    + $"use Temper {tool}");
        }
    }

    private bool IsPlausible() => Steps >= 0 && Gradients >= 0 && OptimizerSteps.Values.All(steps => steps >= 0)
        && Files.Keys.All(file => string.Equals(Path.GetFileName(file), file, StringComparison.Ordinal));
}
