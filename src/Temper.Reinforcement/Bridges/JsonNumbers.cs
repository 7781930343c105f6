using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Tensors;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Numbers in JSON as observations: arrays, also nested, of which all numbers of one depth belong together.
/// </summary>
internal static class JsonNumbers
{
    private const int MaxAxes = 4;

    /// <summary>Whether a node is an array of numbers, nested or not.</summary>
    internal static bool IsArray(JsonNode? node)
    {
        for (int depth = 0; node is JsonArray { Count: > 0 } array && depth < MaxAxes; depth++)
        {
            node = array[0];
        }

        return node is JsonValue value && value.GetValueKind() == JsonValueKind.Number;
    }

    /// <summary>The axes of an array, outermost first.</summary>
    internal static IReadOnlyList<int> Axes(JsonNode? node)
    {
        var axes = new List<int>();
        for (; node is JsonArray { Count: > 0 } array && axes.Count < MaxAxes; node = array[0])
        {
            axes.Add(array.Count);
        }

        return axes;
    }

    /// <summary>Reads the numbers of an array in order.</summary>
    /// <exception cref="BridgeException">They are not as many as expected, or not numbers.</exception>
    internal static void Read(JsonNode? node, float scale, Span<float> numbers)
    {
        int read = Read(node, scale, numbers, 0, 0);
        if (read != numbers.Length)
        {
            throw Wrong(numbers.Length);
        }
    }

    /// <summary>An array of the same form with other numbers.</summary>
    /// <param name="node">The form.</param>
    /// <param name="scale">What the numbers are multiplied by.</param>
    /// <param name="isWhole">Whether the peer sends whole numbers, and gets such.</param>
    /// <param name="numbers">The numbers, as many as the form has.</param>
    internal static JsonArray Write(JsonArray node, float scale, bool isWhole, ReadOnlySpan<float> numbers)
    {
        int next = 0;
        return Write(node, scale, isWhole, numbers, ref next);
    }

    internal static JsonArray Of(ReadOnlySpan<float> numbers)
    {
        var array = new JsonArray();
        foreach (float number in numbers)
        {
            array.Add((JsonNode)number);
        }

        return array;
    }

    /// <summary>A JSON object, no deeper and no larger than messages are.</summary>
    /// <exception cref="BridgeException">It is none.</exception>
    internal static JsonObject Parse(ReadOnlySpan<byte> text, string peer)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject
                ?? throw new BridgeException($"{peer}: a message is no JSON object");
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new BridgeException($"{peer}: a message is not JSON ({error.Message})", error);
        }
    }

    /// <summary>A value of a field; null where there is none or it is something else.</summary>
    internal static T? Value<T>(JsonNode? node)
        where T : struct => node is JsonValue value && value.TryGetValue(out T found) ? found : null;

    /// <summary>Text of a field; empty where there is none.</summary>
    internal static string Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? found) ? found : "";

    /// <summary>A number of a field, finite; 0 where there is none.</summary>
    internal static float Number(JsonNode? node) =>
        Value<double>(node) is { } value && float.IsFinite((float)value) ? (float)value : 0;

    /// <summary>A shape with one axis or three.</summary>
    internal static Shape ShapeOf(IReadOnlyList<int> axes) => axes.Count switch
    {
        3 => Shape.Create([.. axes]),
        2 => Shape.Create([1, .. axes]),
        _ => Shape.Create([axes.Aggregate(1, (all, axis) => checked(all * axis))]),
    };

    private static int Read(JsonNode? node, float scale, Span<float> numbers, int next, int depth)
    {
        if (node is JsonArray array && depth < MaxAxes)
        {
            foreach (JsonNode? item in array)
            {
                next = Read(item, scale, numbers, next, depth + 1);
            }

            return next;
        }

        if (next >= numbers.Length || Value<double>(node) is not { } value)
        {
            throw Wrong(numbers.Length);
        }

        numbers[next] = (float)(value / scale);
        return next + 1;
    }

    private static JsonArray Write(JsonArray node, float scale, bool isWhole, ReadOnlySpan<float> numbers, ref int next)
    {
        var written = new JsonArray();
        foreach (JsonNode? item in node)
        {
            if (item is JsonArray inner)
            {
                written.Add((JsonNode)Write(inner, scale, isWhole, numbers, ref next));
                continue;
            }

            float value = numbers[next++] * scale;
            written.Add(isWhole ? (JsonNode)(long)MathF.Round(value) : value);
        }

        return written;
    }

    private static BridgeException Wrong(int expected) =>
        new("bridge: an observation has other numbers than the first one (expected "
            + $"{expected.ToString(CultureInfo.InvariantCulture)})");
}
