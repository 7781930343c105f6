using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Optimization;
using Temper.Training.Runs;

namespace Temper.Training.Checkpoints;

/// <summary>
/// Content of <c>state.json</c>: everything in a checkpoint that is not a tensor, the options of the run, and the
/// digests of the other files.
/// </summary>
internal sealed record CheckpointState
{
    private const int CurrentVersion = 2;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>Version of Temper that wrote the checkpoint.</summary>
    public string Tool { get; init; } = RunEnvironment.ToolVersion;

    /// <summary>The learner's options, by name. A run resumes only with the same options.</summary>
    public required SortedDictionary<string, string> Options { get; init; }

    /// <summary>
    /// Everything else that determines the exact results of the run, by name: options of the method, properties of the
    /// data.
    /// </summary>
    public required SortedDictionary<string, string> Identity { get; init; }

    /// <summary>SHA-256 digests of the other files in hexadecimal, by file name.</summary>
    public required SortedDictionary<string, string> Files { get; init; }

    /// <summary>Number of optimizer steps, by parameter name.</summary>
    public required SortedDictionary<string, long> OptimizerSteps { get; init; }

    public required long Steps { get; init; }

    public required long Gradients { get; init; }

    public JsonNode? Method { get; init; }

    internal void Write(Stream stream) => JsonSerializer.Serialize(stream, this, TrainingJson.Default.CheckpointState);

    /// <summary>Reads and validates a state file.</summary>
    /// <exception cref="ModelFormatException">The file is damaged or has another format version.</exception>
    internal static CheckpointState Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream);
            RequireVersion(document.RootElement, path);
            CheckpointState state = document.Deserialize(TrainingJson.Default.CheckpointState)
                ?? throw new JsonException("the document is null");
            return state.IsPlausible() ? state : throw new JsonException("the counters contradict each other");
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or FormatException)
        {
            throw Damaged(path, e.Message, e);
        }
    }

    internal static ModelFormatException Damaged(string path, string found, Exception? inner = null) =>
        new(path, $"checkpoint: the state is damaged (got: {found}); restart the training", inner);

    /// <summary>Throws unless the run that resumes has the options and data that the run started with.</summary>
    /// <param name="options">The learner's options, by name.</param>
    /// <param name="identity">Everything else that determines the exact results, by name; null: not compared.</param>
    /// <param name="path">Path of the state file, for the error message.</param>
    /// <exception cref="ModelFormatException">A value differs; the message names it.</exception>
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
                path, $"checkpoint: the run started with other options or data: {string.Join(", ", differences)}; "
                    + "resume with the original ones");
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
            string tool = root.TryGetProperty("tool", out JsonElement name) ? name.ToString() : "of that version";
            throw new ModelFormatException(
                path, $"checkpoint: written by another version (got format {version}, expected {CurrentVersion}); "
                    + $"use Temper {tool}");
        }
    }

    private bool IsPlausible() => Steps >= 0 && Gradients >= 0 && OptimizerSteps.Values.All(steps => steps >= 0)
        && Files.Keys.All(file => string.Equals(Path.GetFileName(file), file, StringComparison.Ordinal));
}
