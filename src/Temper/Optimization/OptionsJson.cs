using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Temper.Optimization;

/// <summary>Options of optimization as JSON, by generated code: for fingerprints of runs and for run folders.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(Optimizer))]
[JsonSerializable(typeof(LearningRateSchedule))]
[JsonSerializable(typeof(IReadOnlyList<ParameterGroup>))]
[JsonSerializable(typeof(GradientClipping))]
[JsonSerializable(typeof(WeightAverage))]
internal sealed partial class OptionsJson : JsonSerializerContext
{
    internal static JsonNode? Of(Optimizer value) => JsonSerializer.SerializeToNode(value, Default.Optimizer);

    internal static JsonNode? Of(LearningRateSchedule value) =>
        JsonSerializer.SerializeToNode(value, Default.LearningRateSchedule);

    internal static JsonNode? Of(IReadOnlyList<ParameterGroup> value) =>
        JsonSerializer.SerializeToNode(value, Default.IReadOnlyListParameterGroup);

    internal static JsonNode? Of(GradientClipping? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, Default.GradientClipping);

    internal static JsonNode? Of(WeightAverage? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, Default.WeightAverage);
}

/// <summary>Fingerprints of options.</summary>
public static class Fingerprints
{
    /// <summary>An option's type and properties, as <see cref="IFingerprinted.Fingerprint"/> gives them.</summary>
    /// <param name="option">The option.</param>
    public static JsonObject Of(IFingerprinted option) =>
        new() { ["type"] = option.GetType().Name, ["options"] = option.Fingerprint() };

    /// <summary>The same for several options, in order.</summary>
    /// <param name="options">The options.</param>
    public static JsonArray Of(IEnumerable<IFingerprinted> options) => [.. options.Select(Of)];

    /// <summary>A tree as names and values: <c>optimizer.learningRate</c>, <c>0.1</c>.</summary>
    /// <param name="node">Objects, arrays and plain values.</param>
    /// <returns>Sorted by name.</returns>
    public static SortedDictionary<string, string> Flatten(JsonNode? node)
    {
        var flat = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(node, "", flat);
        return flat;
    }

    /// <summary>
    /// What differs between two fingerprints, in words: <c>optimizer.momentum (got 0.8, expected 0.9)</c>.
    /// </summary>
    /// <param name="got">Of the run that goes on.</param>
    /// <param name="expected">Of the run as it began.</param>
    /// <returns>Empty when they are equal.</returns>
    public static IReadOnlyList<string> Differences(
        IReadOnlyDictionary<string, string> got, IReadOnlyDictionary<string, string> expected) =>
    [
        .. got.Keys.Union(expected.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Where(name =>
                !string.Equals(got.GetValueOrDefault(name), expected.GetValueOrDefault(name), StringComparison.Ordinal))
            .Select(name => $"{name} (got {got.GetValueOrDefault(name, "nothing")}, expected "
                + $"{expected.GetValueOrDefault(name, "nothing")})"),
    ];

    private static void Add(JsonNode? node, string path, SortedDictionary<string, string> flat)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((string name, JsonNode? value) in members)
                {
                    Add(value, path.Length == 0 ? name : $"{path}.{name}", flat);
                }

                break;
            case JsonArray items:
                foreach ((int i, JsonNode? item) in items.Index())
                {
                    Add(item, $"{path}[{i}]", flat);
                }

                break;
            case not null:
                flat[path] = node.ToJsonString().Trim('"');
                break;
            default:
                break;
        }
    }
}
