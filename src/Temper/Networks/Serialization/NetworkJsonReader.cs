using System.Text.Json;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Reads the JSON written by <see cref="NetworkJson"/>. The file may be hostile, so all sizes are limited and checked.
/// </summary>
internal static class NetworkJsonReader
{
    internal const int LongestText = 64 << 20;
    private const int MaxItems = 100_000;
    private const int MaxAttributes = 64;
    private const int Deepest = 8;

    /// <exception cref="FormatException">
    /// The text is not a network in this format, or its graph is inconsistent.
    /// </exception>
    internal static NetworkBlueprint Read(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > LongestText)
        {
            throw new FormatException(
                $"the graph is too long (got {utf8.Length} bytes, expected at most {LongestText})");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(
                utf8, new JsonDocumentOptions { MaxDepth = Deepest, AllowDuplicateProperties = false });
            return ReadRoot(document.RootElement);
        }
        catch (Exception error) when (error is JsonException
            or ArgumentException or OverflowException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"the graph is inconsistent: {error.Message}", error);
        }
    }

    private static NetworkBlueprint ReadRoot(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object
            || !string.Equals(Text(root, "format"), NetworkJson.Format, StringComparison.Ordinal))
        {
            throw new FormatException($"not a Temper network (expected \"format\": \"{NetworkJson.Format}\")");
        }

        int version = Member(root, "version").GetInt32();
        if (version != NetworkJson.Version)
        {
            throw new FormatException(
                $"unsupported version (got {version}, expected {NetworkJson.Version}); use a newer version of Temper");
        }

        InputSpec[] inputs = [.. List(root, "inputs").Select(ReadInput)];
        NetworkOutput[] outputs = [.. List(root, "outputs").Select(
            item => new NetworkOutput(Text(item, "name"), Text(item, "value")))];
        Node[] nodes = ReadNodes(List(root, "nodes"), inputs);
        return new NetworkBlueprint
        {
            Graph = new NetworkGraph(inputs, nodes, outputs),
            Frozen = Strings(root, "frozen").ToHashSet(StringComparer.Ordinal),
            ClassNames = Strings(root, "classes"),
            Metadata = Member(root, "metadata").EnumerateObject().Take(MaxItems)
                .ToDictionary(member => member.Name, member => member.Value.GetString() ?? "", StringComparer.Ordinal),
        };
    }

    private static InputSpec ReadInput(JsonElement item) => new()
    {
        Name = Text(item, "name"),
        SampleShape = Shape.Create([.. List(item, "shape").Select(length => length.GetInt32())]),
        IsBatched = !item.TryGetProperty("batched", out JsonElement batched) || batched.GetBoolean(),
        DType = Enum.TryParse(Text(item, "dtype"), ignoreCase: true, out DType type) && Enum.IsDefined(type)
            ? type
            : throw new FormatException($"input '{Text(item, "name")}': unknown dtype (got '{Text(item, "dtype")}')"),
        Minimum = Bound(item, "minimum", float.NegativeInfinity),
        Maximum = Bound(item, "maximum", float.PositiveInfinity),
    };

    /// <summary>
    /// Reads the nodes. They are stored in order, so the shapes needed to derive a node's parameter names are already
    /// known.
    /// </summary>
    private static Node[] ReadNodes(List<JsonElement> items, InputSpec[] inputs)
    {
        var values = inputs.ToDictionary(input => input.Name, input => input.Info, StringComparer.Ordinal);
        var nodes = new List<Node>(items.Count);
        foreach (JsonElement item in items)
        {
            string name = Text(item, "name");
            Operator operation = ReadOperator(item, name);
            string[] sources = Strings(item, "inputs");
            ValueInfo[] taken = [.. sources.Select(source => values.TryGetValue(source, out ValueInfo value)
                ? value
                : throw new FormatException($"node '{name}': unknown input (got '{source}', expected the name of an "
                    + "earlier value)"))];
            if (!values.TryAdd(name, GraphCheck.Infer(operation, name, taken)))
            {
                throw new FormatException($"node '{name}': the name is already used by an earlier node or input");
            }

            Node node = GraphCheck.Complete(operation, name, sources, [.. taken.Select(value => value.Shape)]);
            nodes.Add(item.TryGetProperty("parameters", out _)
                ? node with { Parameters = Strings(item, "parameters"), Buffers = Strings(item, "buffers") }
                : node);
        }

        return [.. nodes];
    }

    private static Operator ReadOperator(JsonElement item, string name)
    {
        var attributes = OperatorAttributes.Empty;
        if (item.TryGetProperty("attributes", out JsonElement members))
        {
            foreach (JsonProperty member in members.EnumerateObject().Take(MaxAttributes))
            {
                attributes = attributes.With(member.Name, Attribute(member.Value));
            }
        }

        try
        {
            return OperatorRegistry.Create(new OperatorDescription(Text(item, "operator"), attributes));
        }
        catch (FormatException error)
        {
            throw new FormatException($"node '{name}': {error.Message}", error);
        }
    }

    private static object Attribute(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.TryGetInt64(out long whole) ? (object)whole : value.GetDouble(),
        JsonValueKind.Array when Items(value).TrueForAll(item => item.TryGetInt64(out _)) =>
            Items(value).ConvertAll(item => item.GetInt64()).ToArray(),
        JsonValueKind.Array => Items(value).ConvertAll(item => item.GetDouble()).ToArray(),
        _ => throw new FormatException($"an attribute has an unsupported type (got {value.ValueKind}, expected a "
            + "number, a string or an array of numbers)"),
    };

    private static JsonElement Member(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement member)
        ? member
        : throw new FormatException($"'{name}' is missing");

    private static string Text(JsonElement item, string name) => Member(item, name).GetString()
        ?? throw new FormatException($"'{name}' is null (expected a string)");

    private static float Bound(JsonElement item, string name, float absent) =>
        Member(item, name) is { ValueKind: JsonValueKind.Number } bound ? bound.GetSingle() : absent;

    private static string[] Strings(JsonElement item, string name) =>
        [.. List(item, name).Select(text => text.GetString()
        ?? throw new FormatException($"'{name}' contains null (expected strings)"))];

    private static List<JsonElement> List(JsonElement item, string name) => Items(Member(item, name));

    private static List<JsonElement> Items(JsonElement list) => list.GetArrayLength() <= MaxItems
        ? [.. list.EnumerateArray()]
        : throw new FormatException(
            $"a list is too long (got {list.GetArrayLength()} items, expected at most {MaxItems})");
}
