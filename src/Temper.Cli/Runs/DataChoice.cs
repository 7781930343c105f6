using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Data.Catalog;

namespace Temper.Cli.Runs;

/// <summary>Opens what <c>--data</c> names.</summary>
internal static class DataChoice
{
    internal static DataSets Open(CommandContext context, string source)
    {
        bool isPath = source.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.Exists(source);
        string suggestion = isPath || source.StartsWith("synth:", StringComparison.Ordinal) || DataCatalog.Find(source) is not null
            ? ""
            : Suggestion.For(source, DataCatalog.Names);
        return suggestion.Length == 0
            ? DataSource.Open(source, progress: new LineProgress(context.Terminal))
            : throw ToolException.Usage($"--data: no such set (got '{source}'){suggestion}");
    }
}
