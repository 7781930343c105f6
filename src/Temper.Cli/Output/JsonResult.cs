using System.Text.Json;
using System.Text.Json.Nodes;

namespace Temper.Cli.Output;

/// <summary>Writes the JSON document that a command prints with <c>--json</c>.</summary>
internal static class JsonResult
{
    /// <summary>Version of the document format; incremented when the meaning of a field changes.</summary>
    internal const int SchemaVersion = 1;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the document: command name, schema version, then the fields.</summary>
    internal static void Write(string command, JsonObject fields)
    {
        var document = new JsonObject { ["command"] = command, ["schema"] = SchemaVersion };
        foreach ((string name, JsonNode? value) in fields)
        {
            document[name] = value?.DeepClone();
        }

        Console.Out.WriteLine(document.ToJsonString(Indented));
    }

    /// <summary>A JSON number; null if the value is not finite.</summary>
    internal static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
