using System.Text.Json;
using System.Text.Json.Serialization;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>
/// Reads and writes run records with source-generated JSON serialization. Records read from files are validated before
/// anything is drawn.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, Converters = [typeof(FiniteDoubleConverter)])]
[JsonSerializable(typeof(RunRecord))]
internal sealed partial class RunRecordJson : JsonSerializerContext
{
    /// <summary>Maximum file size; records with thousands of pictures are smaller.</summary>
    internal const long MaximumBytes = 256L << 20;

    internal static string Write(RunRecord record) =>
        record.Sections.Select(section => section.Problem()).FirstOrDefault(found => found is not null) is { } problem
        ? throw new ArgumentException($"run: {problem}")
        : JsonSerializer.Serialize(record, Default.RunRecord);

    /// <summary>Reads a record and converts it to the current schema.</summary>
    /// <param name="path">Path of the file, for errors.</param>
    /// <param name="document">Content of the file.</param>
    /// <exception cref="InvalidDataException">The document is not a valid run record.</exception>
    internal static RunRecord Read(string path, JsonElement document) => Checked(path, () =>
    {
        RunRecord record = document.Deserialize(Default.RunRecord) ?? throw new JsonException("no object");
        bool hasNulls =
            record.Phases.Any(phase => phase is not { Epochs: not null } || phase.Epochs.Any(epoch => epoch is null))
            || record.Networks.Any(network => network is null || network.Layers.Any(layer => layer is null))
            || record.Reproduce.Any(line => line is null)
            || record.Unused.Any(one => one is null);
        return hasNulls
            ? throw new JsonException("an entry of a list is missing")
            : Drawable(record).InCurrentSchema();
    });

    /// <summary>Returns a record if all its sections can be drawn.</summary>
    /// <exception cref="JsonException">A section is missing or cannot be drawn.</exception>
    internal static RunRecord Drawable(RunRecord record) =>
        record.Sections.Select(section => section is null ? "a section is missing" : section.Problem())
            .FirstOrDefault(found => found is not null) is { } problem
        ? throw new JsonException(problem)
        : record;

    /// <summary>Opens the JSON document of a run, of any schema.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is too large or not JSON.</exception>
    internal static JsonDocument Open(string path)
    {
        long bytes = new FileInfo(path).Length;
        return bytes <= MaximumBytes
            ? Checked(path, () => JsonDocument.Parse(File.ReadAllBytes(path)))
            : throw new InvalidDataException(
                $"run: {path} is too large for a run record (got {bytes} bytes, expected at most {MaximumBytes})");
    }

    /// <summary>Runs a reader and adds the file's path to its errors.</summary>
    internal static T Checked<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error)
            when (error is JsonException or KeyNotFoundException or InvalidOperationException or NotSupportedException)
        {
            throw new InvalidDataException(
                $"run: {path} is not a valid run record ({error.Message.ReplaceLineEndings(" ")})", error);
        }
    }
}

/// <summary>Writes numbers that JSON cannot represent (infinity, NaN) as null, and reads null as NaN.</summary>
internal sealed class FiniteDoubleConverter : JsonConverter<double>
{
    public override bool HandleNull => true;

    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
