using System.Text;
using System.Text.Json.Nodes;
using Temper.Formats;

namespace Temper.Experiments;

/// <summary>
/// A table of rows over seeds whose finished cells are kept in a folder, so that it resumes; cells without a result
/// print <c>not run</c>.
/// </summary>
/// <param name="folder">Where cells are kept.</param>
/// <param name="header">The head of the table, in Markdown; its first columns are row and seed.</param>
/// <param name="compute">Runs a cell.</param>
/// <param name="line">A line of one cell, or the mean of several.</param>
internal sealed class SeedTable(
    string folder, string header, Func<string, ulong, JsonObject> compute,
    Func<string, string, IReadOnlyList<JsonNode>, string> line)
{
    /// <summary>Runs the cells that are wanted and missing; prints all that have a result, and their means.</summary>
    /// <exception cref="ArgumentException">A row that is wanted is none of the table's.</exception>
    internal SeedCells Fill(IReadOnlyList<string> rows, IReadOnlyCollection<string> wanted, int seeds)
    {
        if (wanted.FirstOrDefault(row => !rows.Contains(row, StringComparer.Ordinal)) is { } stranger)
        {
            string known = string.Join(", ", rows);
            throw new ArgumentException($"table: no such row (got {stranger}, expected some of {known})");
        }

        if (wanted.Count == 0)
        {
            Console.Error.WriteLine(
                $"table: without rows= only stored results are printed; rows that can be run: {string.Join(',', rows)}");
        }

        Console.WriteLine(header);
        var all = new Dictionary<string, IReadOnlyDictionary<ulong, JsonNode>>(StringComparer.Ordinal);
        foreach (string row in rows)
        {
            var cells = new SortedDictionary<ulong, JsonNode>();
            for (ulong seed = 1; seed <= (ulong)seeds; seed++)
            {
                JsonNode? found = Cell(row, seed, wanted.Contains(row, StringComparer.Ordinal));
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

    /// <summary>The cell of a row and seed; null where it has not been run.</summary>
    internal static JsonNode? Read(string folder, string row, ulong seed) =>
        PathOf(folder, row, seed) is var path && File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;

    /// <summary>A number for a cell: null where it is not finite, which JSON has no way to write.</summary>
    internal static JsonNode? Json(double value) => double.IsFinite(value) ? value : null;

    /// <summary>A number of a cell: NaN where it is null.</summary>
    internal static double Number(JsonNode? value) => (double?)value ?? double.NaN;

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

/// <summary>The cells of a table that have a result, by row and seed.</summary>
internal sealed class SeedCells(IReadOnlyDictionary<string, IReadOnlyDictionary<ulong, JsonNode>> cells)
{
    /// <summary>A number of the cells of a row, one a seed.</summary>
    internal IReadOnlyList<double> Of(string row, Func<JsonNode, double> value) => [.. cells[row].Values.Select(value)];

    /// <summary>A number of two rows at the same seeds, one a seed that both have.</summary>
    internal IReadOnlyList<double> Pairs(string row, string other, Func<JsonNode, JsonNode, double> value) =>
        [.. cells[row].Keys.Intersect(cells[other].Keys).Select(seed => value(cells[row][seed], cells[other][seed]))];

    /// <summary>A number of a row divided by that of another.</summary>
    internal IReadOnlyList<double> Ratios(string row, string other, string name) =>
        Pairs(row, other, (a, b) => SeedTable.Number(a[name]) / SeedTable.Number(b[name]));

    /// <summary>A number of a row less that of another, in points: hundredths.</summary>
    internal IReadOnlyList<double> Points(string row, string other, string name) =>
        Pairs(row, other, (a, b) => (SeedTable.Number(a[name]) - SeedTable.Number(b[name])) * 100);
}
