using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Temper.Formats;

namespace Temper.Experiments;

/// <summary>
/// A table of rows over seeds whose finished cells are stored in a folder, so that it can be resumed; cells without a
/// result print <c>not run</c>.
/// </summary>
/// <param name="folder">Folder of the cells.</param>
/// <param name="header">Header of the table in Markdown; its first columns are row and seed.</param>
/// <param name="compute">Computes the cell of a row and seed.</param>
/// <param name="line">Formats the line of one cell, or of the mean of several.</param>
internal sealed class SeedTable(
    string folder, string header, Func<string, ulong, JsonObject> compute,
    Func<string, string, IReadOnlyList<JsonNode>, string> line)
{
    /// <summary>
    /// Runs the requested cells without a result; prints all cells with a result, and their means. A request is the
    /// name of a row, or <c>ROW:SEED</c> for one cell, so that the seeds of a row can be divided over machines.
    /// </summary>
    /// <exception cref="TableArgumentException">A requested row or seed does not exist.</exception>
    internal SeedCells Fill(IReadOnlyList<string> rows, IReadOnlyCollection<string> wanted, int seeds)
    {
        RequireKnown(rows, wanted, seeds);
        if (wanted.Count == 0)
        {
            Console.Error.WriteLine(
                "table: without rows=, only stored results are printed; available rows: "
                + string.Join(',', rows));
        }

        Console.WriteLine(header);
        var all = new Dictionary<string, IReadOnlyDictionary<ulong, JsonNode>>(StringComparer.Ordinal);
        foreach (string row in rows)
        {
            var cells = new SortedDictionary<ulong, JsonNode>();
            for (ulong seed = 1; seed <= (ulong)seeds; seed++)
            {
                JsonNode? found = Cell(row, seed, IsWanted(wanted, row, seed));
                Console.WriteLine(found is null ? Missing(row, $"{seed}") : line(row, $"{seed}", [found]));
                if (found is not null)
                {
                    cells[seed] = found;
                }
            }

            string mean = $"mean of {cells.Count}";
            Console.WriteLine(cells.Count > 0 ? line(row, mean, [.. cells.Values]) : Missing(row, "mean"));
            all[row] = cells;
        }

        return new SeedCells(all);
    }

    /// <summary>Returns the cell of a row and seed; null if it has not been run.</summary>
    internal static JsonNode? Read(string folder, string row, ulong seed) =>
        PathOf(folder, row, seed) is var path && File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;

    /// <summary>Converts a number for a cell; null if it is not finite, because JSON cannot represent it.</summary>
    internal static JsonNode? Json(double value) => double.IsFinite(value) ? value : null;

    /// <summary>Converts a number of a cell; NaN if it is null.</summary>
    internal static double Number(JsonNode? value) => (double?)value ?? double.NaN;

    private static bool IsWanted(IReadOnlyCollection<string> wanted, string row, ulong seed) =>
        wanted.Contains(row, StringComparer.Ordinal)
        || wanted.Contains(string.Create(CultureInfo.InvariantCulture, $"{row}:{seed}"), StringComparer.Ordinal);

    private static void RequireKnown(IReadOnlyList<string> rows, IReadOnlyCollection<string> wanted, int seeds)
    {
        var known = Enumerable.Range(1, seeds).Select(seed => (ulong)seed).ToArray();
        if (wanted.FirstOrDefault(cell => !rows.Any(row => known.Any(seed => IsWanted([cell], row, seed)))) is { } cell)
        {
            throw new TableArgumentException(
                $"table: unknown row or seed (got {cell}, expected ROW or ROW:SEED with a seed of 1 to {seeds} and one "
                + $"of the rows {string.Join(", ", rows)})");
        }
    }

    private static string PathOf(string folder, string row, ulong seed) =>
        Path.Combine(folder, $"{row}-{seed}", "cell.json");

    private JsonNode? Cell(string row, ulong seed, bool isWanted)
    {
        string path = PathOf(folder, row, seed);
        if (!File.Exists(path) && isWanted)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            byte[] cell = Encoding.UTF8.GetBytes(compute(row, seed).ToJsonString());
            AtomicFile.Write(path, stream => stream.Write(cell));
        }

        return Read(folder, row, seed);
    }

    private string Missing(string row, string seed)
    {
        int columns = header.Split('\n')[0].Count(letter => letter is '|') - 1;
        return $"| {row} | {seed} | not run |{string.Concat(Enumerable.Repeat(" |", columns - 3))}";
    }
}

/// <summary>Cells of a table that have a result, by row and seed.</summary>
internal sealed class SeedCells(IReadOnlyDictionary<string, IReadOnlyDictionary<ulong, JsonNode>> cells)
{
    /// <summary>Returns a number of each cell of a row, one per seed.</summary>
    internal IReadOnlyList<double> Of(string row, Func<JsonNode, double> value) => [.. cells[row].Values.Select(value)];

    /// <summary>Returns a number computed from two rows, one per seed that both have.</summary>
    internal IReadOnlyList<double> Pairs(string row, string other, Func<JsonNode, JsonNode, double> value) =>
        [.. cells[row].Keys.Intersect(cells[other].Keys).Select(seed => value(cells[row][seed], cells[other][seed]))];

    /// <summary>Returns a number of a row divided by that of another row, per seed.</summary>
    internal IReadOnlyList<double> Ratios(string row, string other, string name) =>
        Pairs(row, other, (a, b) => SeedTable.Number(a[name]) / SeedTable.Number(b[name]));

    /// <summary>Returns a number of a row minus that of another row, per seed, in percentage points.</summary>
    internal IReadOnlyList<double> Points(string row, string other, string name) =>
        Pairs(row, other, (a, b) => (SeedTable.Number(a[name]) - SeedTable.Number(b[name])) * 100);
}
