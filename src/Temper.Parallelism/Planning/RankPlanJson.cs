using System.Text.Json;
using System.Text.Json.Nodes;

namespace Temper.Parallelism.Planning;

/// <summary>
/// Reads and writes plans as JSON. The file states its kind, so that files of other kinds are rejected.
/// </summary>
public static class RankPlanJson
{
    /// <summary>Value of the field <c>kind</c> in a plan file.</summary>
    public const string Kind = "ranks";

    private const int Version = 1;
    private const int MaxLength = 16 << 20;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Returns the plan as JSON. Equal plans give equal text.</summary>
    /// <param name="plan">The plan.</param>
    public static string Write(RankPlan plan)
    {
        var junctions = new JsonObject();
        foreach ((string name, string digits) in plan.Junctions.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            junctions[name] = digits;
        }

        return new JsonObject
        {
            ["kind"] = Kind,
            ["version"] = Version,
            ["network"] = plan.Network,
            ["accelerators"] = plan.Accelerators,
            ["batch"] = plan.Batch,
            ["layers"] = Texts(plan.Layers),
            ["levels"] = Texts(plan.Levels),
            ["junctions"] = junctions,
        }.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
    }

    /// <summary>Reads a plan written by <see cref="Write"/>.</summary>
    /// <param name="json">JSON text in UTF-8.</param>
    /// <exception cref="InvalidDataException">The file is damaged or is not a plan of ranks.</exception>
    public static RankPlan Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Length > MaxLength)
        {
            throw new InvalidDataException(
                $"plan of ranks: the file is too long (got {json.Length} bytes, expected at most {MaxLength})");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException
            or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new InvalidDataException(
                $"plan of ranks: the file is damaged or not a plan ({error.Message}); make a plan with "
                + "temper plan --save-plan", error);
        }
    }

    private static RankPlan Read(JsonElement root)
    {
        string kind = root.TryGetProperty("kind", out JsonElement named) ? named.GetString() ?? ""
            : root.TryGetProperty("format", out JsonElement format) ? format.GetString() ?? ""
            : "none";
        if (!string.Equals(kind, Kind, StringComparison.Ordinal))
        {
            throw new FormatException($"got kind '{kind}', expected '{Kind}'");
        }

        int version = root.GetProperty("version").GetInt32();
        if (version != Version)
        {
            throw new FormatException($"got version {version}, expected {Version}");
        }

        var plan = new RankPlan
        {
            Network = Text(root.GetProperty("network")),
            Accelerators = root.GetProperty("accelerators").GetInt32(),
            Batch = root.GetProperty("batch").GetInt32(),
            Layers = [.. root.GetProperty("layers").EnumerateArray().Select(Text)],
            Levels = [.. root.GetProperty("levels").EnumerateArray().Select(Text)],
            Junctions = root.GetProperty("junctions").EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => Text(entry.Value), StringComparer.Ordinal),
        };
        Check(plan);
        return plan;
    }

    private static void Check(RankPlan plan)
    {
        int levels = Hierarchy.Of(plan.Accelerators).Levels;
        bool fits =
            plan.Batch > 0 && plan.Levels.Count == levels && plan.Levels.All(level => level.Length == plan.Layers.Count)
            && plan.Junctions.Values.All(digits => digits.Length == levels)
            && plan.Levels.Concat(plan.Junctions.Values).All(text => text.All(digit => digit is >= '0' and <= '3'));
        if (!fits)
        {
            throw new FormatException(
                $"expected a positive batch, and {levels} levels of {plan.Layers.Count} digits from 0 to 3");
        }
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    private static string Text(JsonElement element) =>
        element.GetString() ?? throw new FormatException("a text is null");
}
