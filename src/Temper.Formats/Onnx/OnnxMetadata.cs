using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Temper.Networks;

namespace Temper.Formats.Onnx;

/// <summary>
/// Stores properties of a network outside its graph as metadata of an ONNX file: class names, input bounds, fixed
/// batch.
/// </summary>
internal static class OnnxMetadata
{
    private const string ClassesKey = "temper.classes";
    private const string BoundsKey = "temper.bounds.";
    private const string BatchKey = "temper.batch";
    private const string FixedBatch = "fixed";
    private const string ProducerKey = "onnx.producer";
    private const string OwnName = "temper";

    /// <summary>Returns the metadata entries of a network.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Of(Network network)
    {
        foreach (KeyValuePair<string, string> entry in network.Metadata)
        {
            yield return entry;
        }

        if (network.ClassNames.Count > 0)
        {
            yield return new(ClassesKey, JsonSerializer.Serialize(
                [.. network.ClassNames], MetadataJson.Default.StringArray));
        }

        if (network.Inputs.Count > 0 && network.Batch.Kind != BatchKind.Free)
        {
            yield return new(BatchKey, FixedBatch);
        }

        foreach (InputSpec input in network.Inputs.Where(input => float.IsFinite(input.Minimum)
            && float.IsFinite(input.Maximum)))
        {
            yield return new($"{BoundsKey}{input.Name}", JsonSerializer.Serialize(
                [input.Minimum, input.Maximum], MetadataJson.Default.SingleArray));
        }
    }

    /// <summary>Whether the shapes in the file, including the batch size, are those of the network.</summary>
    internal static bool IsFixed(OnnxModel model) =>
        model.Metadata.TryGetValue(BatchKey, out string? text)
            && string.Equals(text, FixedBatch, StringComparison.Ordinal);

    /// <summary>
    /// Returns an input with the bounds stored in the file; unchanged if there are none or they are invalid.
    /// </summary>
    internal static InputSpec WithBounds(InputSpec input, IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue($"{BoundsKey}{input.Name}", out string? text)
            && Read(text, MetadataJson.Default.SingleArray) is [var low, var high]
            && low <= high
            ? input with { Minimum = low, Maximum = high }
            : input;

    /// <summary>
    /// Returns a network with the class names, metadata and producer of a file.
    /// </summary>
    internal static Network In(Network network, OnnxModel model)
    {
        Network result = network.WithMetadata(model.Metadata
            .Where(entry => entry.Key is not (ClassesKey or BatchKey)
                && !entry.Key.StartsWith(BoundsKey, StringComparison.Ordinal))
            .Concat(model.Producer is "" or OwnName ? [] : [KeyValuePair.Create(ProducerKey, model.Producer)])
            .DistinctBy(entry => entry.Key, StringComparer.Ordinal));
        return model.Metadata.TryGetValue(ClassesKey, out string? text)
            && Read(text, MetadataJson.Default.StringArray) is { } names
            && Array.TrueForAll(names, name => name is not null)
            ? result.WithClassNames(names)
            : result;
    }

    private static T? Read<T>(string text, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return default;
        }
    }
}

/// <summary>Source-generated JSON serialization of the metadata values.</summary>
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(float[]))]
internal sealed partial class MetadataJson : JsonSerializerContext;
