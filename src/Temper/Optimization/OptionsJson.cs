using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Temper.Optimization;

/// <summary>
/// Source-generated JSON serialization of optimization options, for the fingerprints of runs and for run folders.
/// </summary>
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
    internal static JsonNode? Of(Optimizer value) => value is CustomOptimizer
        ? Unknown(value) : JsonSerializer.SerializeToNode(value, Default.Optimizer);

    internal static JsonNode? Of(LearningRateSchedule value) => IsKnown(value)
        ? JsonSerializer.SerializeToNode(value, Default.LearningRateSchedule) : Unknown(value);

    internal static JsonNode? Of(IReadOnlyList<ParameterGroup> value) =>
        JsonSerializer.SerializeToNode(value, Default.IReadOnlyListParameterGroup);

    internal static JsonNode? Of(GradientClipping? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, Default.GradientClipping);

    internal static JsonNode? Of(WeightAverage? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, Default.WeightAverage);

    /// <summary>
    /// Describes a record of another assembly, which the serializer does not know, by its type and its text. The text
    /// of a record depends on the culture.
    /// </summary>
    private static JsonObject Unknown(object value)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            string text = value.ToString()!;
            return text.Contains("[]", StringComparison.Ordinal) || text.Contains('`', StringComparison.Ordinal)
                ? throw new NotSupportedException($"{value.GetType().Name}: the text of the options must contain all "
                    + $"values (got '{text}', in which a list shows only its type); override ToString")
                : new JsonObject { ["type"] = value.GetType().FullName, ["options"] = text };
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    /// <summary>Whether the serializer knows a schedule; it does not know those of other assemblies.</summary>
    private static bool IsKnown(LearningRateSchedule value) =>
        value.GetType().Assembly == typeof(LearningRateSchedule).Assembly
        && (value is not WarmUpSchedule warmUp || IsKnown(warmUp.Then));
}

/// <summary>Creates and compares fingerprints of options.</summary>
public static class Fingerprints
{
    /// <summary>Returns an option's type name and its <see cref="IFingerprinted.Fingerprint"/>.</summary>
    /// <param name="option">The option.</param>
    public static JsonObject Of(IFingerprinted option) =>
        new() { ["type"] = option.GetType().Name, ["options"] = option.Fingerprint() };

    /// <summary>Returns the type names and fingerprints of several options, in order.</summary>
    /// <param name="options">The options.</param>
    public static JsonArray Of(IEnumerable<IFingerprinted> options) => [.. options.Select(Of)];

    /// <summary>
    /// Flattens a JSON tree to names and values, such as <c>optimizer.learningRate</c> and <c>0.1</c>.
    /// </summary>
    /// <param name="node">Objects, arrays and plain values; null gives an empty result.</param>
    /// <returns>The values, sorted by name.</returns>
    public static SortedDictionary<string, string> Flatten(JsonNode? node)
    {
        var flat = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(node, "", flat);
        return flat;
    }

    /// <summary>
    /// Describes the differences between two flattened fingerprints, as in
    /// <c>optimizer.momentum (got 0.8, expected 0.9)</c>.
    /// </summary>
    /// <param name="got">Fingerprint of the resumed run.</param>
    /// <param name="expected">Fingerprint of the original run.</param>
    /// <returns>One text per difference; empty if the fingerprints are equal.</returns>
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
