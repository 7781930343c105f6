using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Tensors;

namespace Temper.Reinforcement.Bridges;

/// <summary>Reads and writes observations as JSON arrays of numbers, which may be nested up to 4 levels.</summary>
internal static class JsonNumbers
{
    private const int MaxAxes = 4;

    /// <summary>Returns whether a node is an array of numbers, possibly nested.</summary>
    internal static bool IsArray(JsonNode? node)
    {
        for (int depth = 0; node is JsonArray { Count: > 0 } array && depth < MaxAxes; depth++)
        {
            node = array[0];
        }

        return node is JsonValue value && value.GetValueKind() == JsonValueKind.Number;
    }

    /// <summary>Returns the lengths of an array's axes, outermost first.</summary>
    internal static IReadOnlyList<int> Axes(JsonNode? node)
    {
        var axes = new List<int>();
        for (; node is JsonArray { Count: > 0 } array && axes.Count < MaxAxes; node = array[0])
        {
            axes.Add(array.Count);
        }

        return axes;
    }

    /// <summary>Reads the numbers of an array in order and divides them by a scale.</summary>
    /// <exception cref="BridgeException">
    /// The number of values is wrong, or an element is not a number or, as a float, not finite.
    /// </exception>
    internal static void Read(JsonNode? node, float scale, Span<float> numbers)
    {
        int read = Read(node, scale, numbers, 0, 0);
        if (read != numbers.Length)
        {
            throw Wrong(numbers.Length);
        }
    }

    /// <summary>Creates an array with the structure of another one and new numbers.</summary>
    /// <param name="node">Array that gives the structure.</param>
    /// <param name="scale">Factor on the numbers.</param>
    /// <param name="isWhole">True: the results are rounded to integers.</param>
    /// <param name="numbers">The numbers, as many as the array has.</param>
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

    /// <summary>Parses a JSON object.</summary>
    /// <exception cref="BridgeException">The text is not a JSON object.</exception>
    internal static JsonObject Parse(ReadOnlySpan<byte> text, string peer)
    {
        try
        {
            // Without this option, a repeated key throws only when a field is read.
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
            return JsonNode.Parse(text, documentOptions: options) as JsonObject
                ?? throw new BridgeException($"{peer}: a message is not a JSON object");
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new BridgeException($"{peer}: a message is not JSON ({error.Message})", error);
        }
    }

    /// <summary>Returns the value of a field; null: missing or of another type.</summary>
    internal static T? Value<T>(JsonNode? node)
        where T : struct => node is JsonValue value && value.TryGetValue(out T found) ? found : null;

    /// <summary>Returns the text of a field; empty: missing or of another type.</summary>
    internal static string Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? found) ? found : "";

    /// <summary>Returns the number in a field; missing or null: 0. True counts as 1 and false as 0.</summary>
    /// <exception cref="BridgeException">The field has another type, or is not finite as a float.</exception>
    internal static float Number(JsonNode? node) => node is null ? 0
        : Value<bool>(node) is { } flag ? (flag ? 1 : 0)
        : Value<double>(node) is { } value && float.IsFinite((float)value) ? (float)value
        : throw new BridgeException("bridge: a reward or an action is not a finite number");

    /// <summary>Converts axis lengths to a shape of one or three axes; two axes get a channel axis in front.</summary>
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
        return float.IsFinite(numbers[next])
            ? next + 1
            : throw new BridgeException("bridge: an observation or an action contains a number that is not finite");
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
        new("bridge: an observation differs in format from the first one (expected "
            + $"{expected.ToString(CultureInfo.InvariantCulture)} numbers)");
}
