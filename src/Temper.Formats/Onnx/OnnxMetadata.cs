using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Temper.Networks;

namespace Temper.Formats.Onnx;

/// <summary>
/// What a network knows besides its graph, as texts in an ONNX file: class names, and the bounds of its inputs.
/// </summary>
internal static class OnnxMetadata
{
    private const string ClassesKey = "temper.classes";
    private const string BoundsKey = "temper.bounds.";
    private const string BatchKey = "temper.batch";
    private const string FixedBatch = "fixed";
    private const string ProducerKey = "onnx.producer";
    private const string OwnName = "temper";

    /// <summary>The texts of a network.</summary>
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

    /// <summary>Whether the file's lengths are the network's, its batch included.</summary>
    internal static bool IsFixed(OnnxModel model) =>
        model.Metadata.TryGetValue(BatchKey, out string? text)
            && string.Equals(text, FixedBatch, StringComparison.Ordinal);

    /// <summary>An input with the bounds that a file has for it; without, where the text is none of ours.</summary>
    internal static InputSpec WithBounds(InputSpec input, IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue($"{BoundsKey}{input.Name}", out string? text)
            && Read(text, MetadataJson.Default.SingleArray) is [var low, var high]
            && low <= high
            ? input with { Minimum = low, Maximum = high }
            : input;

    /// <summary>
    /// A network with a file's class names and other texts, and with the name of the program that made the file.
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

/// <summary>How the texts are read and written, without reflection.</summary>
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(float[]))]
internal sealed partial class MetadataJson : JsonSerializerContext;
