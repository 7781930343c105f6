using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Snooping.Evaluation;
using Temper.Wording;

namespace Temper.Cli.Snooping;

/// <summary>Prints the table of a snooping report.</summary>
internal static class SnoopingOutput
{
    /// <summary>Prints the table as text or, with <c>--json</c>, as a JSON document.</summary>
    internal static void Write(CommandContext context, string command, SnoopingTable table)
    {
        if (context.IsJson)
        {
            JsonResult.Write(command, Json(table));
            return;
        }

        (string[] heads, IReadOnlyList<string[]> rows) = Text(table);
        var result = new ResultTable(Title(table), heads);
        foreach (string[] row in rows)
        {
            result.Row(row);
        }

        result.Write(context.Terminal);
        if (table.MissingRows is { Count: > 0 } missing)
        {
            Console.Out.WriteLine($"incomplete: lacks {string.Join(", ", missing)}");
        }
    }

    internal static JsonObject Json(SnoopingTable table) => new()
    {
        ["complete"] = table.MissingRows.Count == 0,
        ["missing"] = new JsonArray([.. table.MissingRows.Select(name => (JsonNode)name)]),
        ["conditions"] = new JsonObject(table.Conditions.Select(
            condition => KeyValuePair.Create(condition.Key, (JsonNode?)condition.Value))),
        ["random_return"] = table.RandomReturn,
        ["rows"] = new JsonArray([.. table.Rows.Select(row => (JsonNode)Fields(table, row))]),
    };

    internal static string Title(SnoopingTable table) =>
        $"{Plural.Of(table.Rows[0].Episodes, "episode")} per row; mean return of random play {table.RandomReturn:F2}";

    /// <summary>The table as text. Alarms and notes have a column only if a row has one.</summary>
    internal static (string[] Heads, IReadOnlyList<string[]> Rows) Text(SnoopingTable table)
    {
        List<Column> columns =
        [
            new("attack", row => row.Attack), new("defense", row => row.Defense),
            new("#epsilon", row => $"{row.Epsilon:G3}"), new("#mean return", row => $"{row.MeanReturn:F2}"),
            new("#95 % interval", row => Interval(row)),
            new("#drop", row => Percent(table.Drop(row))), new("#frames attacked", row => Percent(row.AttackedFrames)),
        ];
        if (table.Rows.Any(row => !double.IsNaN(row.Alarms)))
        {
            columns.Add(new Column("#alarms", row => Percent(row.Alarms)));
        }

        if (table.Rows.Any(row => row.IsNoOperation))
        {
            columns.Add(new Column("note", row => row.IsNoOperation ? "no effect: epsilon is below 1/255" : ""));
        }

        return (
            [.. columns.Select(column => column.Head)],
            [.. table.Rows.Select(row => columns.Select(column => column.Cell(row)).ToArray())]);
    }

    private static JsonObject Fields(SnoopingTable table, SnoopingRow row) => new()
    {
        ["attack"] = row.Attack, ["defense"] = row.Defense, ["epsilon"] = row.Epsilon, ["mean_return"] = row.MeanReturn,
        ["interval"] = new JsonArray(JsonResult.Number(row.Interval.Low), JsonResult.Number(row.Interval.High)),
        ["episodes"] = row.Episodes,
        ["drop"] = JsonResult.Number(table.Drop(row)),
        ["chosen_frames"] = row.ChosenFrames, ["attacked_frames"] = row.AttackedFrames,
        ["alarms"] = JsonResult.Number(row.Alarms),
        ["milliseconds_per_frame"] = JsonResult.Number(row.MillisecondsPerFrame), ["no_operation"] = row.IsNoOperation,
        ["half_epsilon"] = table.HalfEpsilon(row.Attack, row.Defense) is { } half ? half : null,
    };

    private static string Interval(SnoopingRow row) =>
        double.IsNaN(row.Interval.Low) ? "none" : $"{row.Interval.Low:F2} to {row.Interval.High:F2}";

    private static string Percent(double part) => double.IsNaN(part) ? "-" : $"{part * 100:F0} %";

    private sealed record Column(string Head, Func<SnoopingRow, string> Cell);
}
