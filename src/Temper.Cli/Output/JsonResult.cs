using System.Text.Json;
using System.Text.Json.Nodes;

namespace Temper.Cli.Output;

/// <summary>The one JSON document of a command in <c>--json</c> mode.</summary>
internal static class JsonResult
{
    /// <summary>Of the documents' form; raised when a field changes its meaning.</summary>
    internal const int SchemaVersion = 1;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the document: which command, which form, then the fields.</summary>
    internal static void Write(string command, JsonObject fields)
    {
        var document = new JsonObject { ["command"] = command, ["schema"] = SchemaVersion };
        foreach ((string name, JsonNode? value) in fields)
        {
            document[name] = value?.DeepClone();
        }

        Console.Out.WriteLine(document.ToJsonString(Indented));
    }

    /// <summary>A number as JSON has it: null where it is not finite.</summary>
    internal static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
