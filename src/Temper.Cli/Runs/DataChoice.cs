using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Data.Catalog;

namespace Temper.Cli.Runs;

/// <summary>Opens what <c>--data</c> names.</summary>
internal static class DataChoice
{
    /// <summary>Lines about unused samples on the terminal.</summary>
    private const int MaxShown = 10;

    /// <summary>Opens a set.</summary>
    /// <param name="context">Where progress and notes go.</param>
    /// <param name="source">What was named.</param>
    /// <param name="tells">
    /// Whether to say at once what is not used; false where the command's result says it soon.
    /// </param>
    internal static DataSets Open(CommandContext context, string source, bool tells = true)
    {
        bool isPath = source.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.Exists(source);
        string suggestion =
            isPath || source.StartsWith("synth:", StringComparison.Ordinal) || DataCatalog.Find(source) is not null
            ? ""
            : Suggestion.For(source, DataCatalog.Names);
        DataSets data = suggestion.Length == 0
            ? DataSource.Open(source, progress: new LineProgress(context.Terminal))
            : throw ToolException.Usage($"--data: no such set (got '{source}'){suggestion}");
        if (tells)
        {
            Tell(context, data.Unused);
        }

        return data;
    }

    private static void Tell(CommandContext context, IReadOnlyList<UnusedSamples> unused)
    {
        foreach (UnusedSamples one in unused.Take(MaxShown))
        {
            context.Terminal.Note($"data: not used: {one.Name}: {one.Reason}");
        }

        if (unused.Count > MaxShown)
        {
            context.Terminal.Note($"data: not used: {unused.Count:N0} in all; the result names every one");
        }
    }

    /// <summary>What a result says about things that the data hold and nothing uses.</summary>
    internal static JsonArray ToJson(IReadOnlyList<UnusedSamples> unused) =>
        [.. unused.Select(
            one => (JsonNode)new JsonObject { ["name"] = one.Name, ["count"] = one.Count, ["reason"] = one.Reason })];
}
