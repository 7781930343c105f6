using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Data.Catalog;

namespace Temper.Cli.Runs;

/// <summary>Opens the data that <c>--data</c> names.</summary>
internal static class DataChoice
{
    /// <summary>Maximum number of lines about unused samples on the terminal.</summary>
    private const int MaxShown = 10;

    /// <summary>Opens a data set.</summary>
    /// <param name="context">Context of the command, for progress and notes.</param>
    /// <param name="source">Name or path of the data set.</param>
    /// <param name="tells">Whether to print the unused samples; false if the command's result lists them.</param>
    /// <param name="needsLabels">False if the set may lack labels.</param>
    internal static DataSets Open(CommandContext context, string source, bool tells = true, bool needsLabels = true)
    {
        bool isPath = source.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.Exists(source);
        string suggestion =
            isPath || source.StartsWith("synth:", StringComparison.Ordinal) || DataCatalog.Find(source) is not null
            ? ""
            : Suggestion.For(source, DataCatalog.Names);
        DataSets data = suggestion.Length == 0
            ? DataSource.Open(source, progress: new LineProgress(context.Terminal), needsLabels: needsLabels)
            : throw ToolException.Usage($"--data: no such set (got '{source}'){suggestion}");
        if (tells)
        {
            Tell(context, data.Unused);
        }

        return data;
    }

    /// <summary>Prints the first unused samples.</summary>
    internal static void Tell(CommandContext context, IReadOnlyList<UnusedSamples> unused)
    {
        foreach (UnusedSamples one in unused.Take(MaxShown))
        {
            context.Terminal.Note($"data: not used: {one.Name}: {one.Reason}");
        }

        if (unused.Count > MaxShown)
        {
            context.Terminal.Note($"data: not used: {unused.Count:N0} entries in total; the result lists all of them");
        }
    }

    /// <summary>The unused samples as JSON, for a command's result.</summary>
    internal static JsonArray ToJson(IReadOnlyList<UnusedSamples> unused) =>
        [.. unused.Select(
            one => (JsonNode)new JsonObject { ["name"] = one.Name, ["count"] = one.Count, ["reason"] = one.Reason })];
}
