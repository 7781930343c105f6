using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data.Catalog;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>Settings and lookup shared by the commands for data sets.</summary>
internal static class KnownData
{
    internal static Setting<string?> Name { get; } =
        new("name", "Name of a data set, such as fashion-mnist; see data list", null, text => text)
    {
        IsPositional = true,
        Words = () => DataCatalog.Names,
    };

    internal static CatalogEntry Entry(string name) => DataCatalog.Find(name) ?? throw ToolException.Usage(
        $"data: no such set (got '{name}', expected one of "
        + $"{string.Join(", ", DataCatalog.Names)}){Suggestion.For(name, DataCatalog.Names)}");
}

/// <summary>
/// <c>temper data get</c>: gets a data set from the cache, a system folder, a Debian package or its download site.
/// Other commands access the internet only if they are given the name of a data set that is not available locally.
/// </summary>
internal sealed class DataGetCommand()
    : ToolCommand("data get", "Get a data set from the first source that has it: the cache, system folders, a "
        + "Debian package, or its download site")
{
    internal override IReadOnlyList<Setting> Settings => [KnownData.Name];

    internal override int Run(CommandContext context)
    {
        CatalogEntry entry = KnownData.Entry(context.Require(KnownData.Name));
        string folder = new DataCatalog().Get(entry, new LineProgress(context.Terminal));
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject { ["name"] = entry.Name, ["folder"] = folder });
        }
        else
        {
            Console.Out.WriteLine(folder);
        }

        return ExitCode.Success;
    }
}

/// <summary><c>temper data list</c>: lists the data sets that have a name.</summary>
internal sealed class DataListCommand() : ToolCommand("data list", "List the data sets that have a name")
{
    internal override IReadOnlyList<Setting> Settings => [];

    internal override int Run(CommandContext context)
    {
        var catalog = new DataCatalog();
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["sets"] = new JsonArray([.. DataCatalog.Entries.Select(entry => new JsonObject
                {
                    ["name"] = entry.Name, ["description"] = entry.Description, ["folder"] = catalog.Locate(entry),
                })]),
            });
            return ExitCode.Success;
        }

        var table = new ResultTable(title: null, "name", "what", "where");
        foreach (CatalogEntry entry in DataCatalog.Entries)
        {
            table.Row(
                entry.Name, entry.Description, catalog.Locate(entry) ?? $"not downloaded: temper data get "
                    + $"{entry.Name}");
        }

        table.Row(
            "synth:shapes", "drawn shapes, generated on demand; options after ?: classes, size, channels, count, seed",
            "needs no files")
            .Row(
                "synth:blobs", "clouds of points, generated on demand; options after ?: classes, features, count, "
                    + "seed",
                "needs no files")
            .Row(
                "synth:actions", "clips of moving shapes, generated on demand; options after ?: classes, frames, "
                    + "size, count, seed",
                "needs no files")
            .Row(
                "videos:FOLDER",
                "clips of videos; options after ?: frames, size, step, stride, limit, train, gap, skip", "a folder")
            .Write(context.Terminal);
        return ExitCode.Success;
    }
}

/// <summary><c>temper data verify</c>: checks the files of a data set against their checksums.</summary>
internal sealed class DataVerifyCommand()
    : ToolCommand("data verify", "Check the files of a data set against their check sums")
{
    internal override IReadOnlyList<Setting> Settings => [KnownData.Name];

    internal override int Run(CommandContext context)
    {
        CatalogEntry entry = KnownData.Entry(context.Require(KnownData.Name));
        var catalog = new DataCatalog();
        string folder = catalog.Locate(entry)
            ?? throw new ToolException(
                ExitCode.Missing, $"data verify: {entry.Name} is not downloaded; run temper data get {entry.Name}");
        IReadOnlyList<string> wrong = catalog.Verify(entry);
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["name"] = entry.Name, ["folder"] = folder, ["intact"] = wrong.Count == 0,
                ["wrong"] = new JsonArray([.. wrong.Select(file => (JsonNode)file)]),
            });
        }
        else if (wrong.Count == 0)
        {
            Console.Out.WriteLine($"{entry.Name}: intact, {Plural.Of(entry.Files.Count, "file")} ({folder})");
        }

        return wrong.Count == 0 ? ExitCode.Success : throw new ToolException(
            ExitCode.BadInput,
            $"data verify: {entry.Name}: missing or changed: {string.Join(", ", wrong)} (in {folder})");
    }
}
