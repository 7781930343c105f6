using System.Text;
using System.Text.Json.Nodes;
using Temper.Formats;

namespace Temper.Experiments;

/// <summary>A table of rows over seeds whose finished cells are kept in a folder, so that it resumes; cells without a result print <c>not run</c>.</summary>
/// <param name="folder">Where cells are kept.</param>
/// <param name="header">The head of the table, in Markdown; its first columns are row and seed.</param>
/// <param name="compute">Runs a cell.</param>
/// <param name="line">A line of one cell, or the mean of several.</param>
internal sealed class SeedTable(
    string folder, string header, Func<string, ulong, JsonObject> compute, Func<string, string, IReadOnlyList<JsonNode>, string> line)
{
    /// <summary>Runs the cells that are wanted and missing; prints all that have a result, and their means.</summary>
    internal void Fill(IEnumerable<string> rows, IReadOnlyCollection<string> wanted, int seeds)
    {
        Console.WriteLine(header);
        foreach (string row in rows)
        {
            var cells = new List<JsonNode>();
            for (ulong seed = 1; seed <= (ulong)seeds; seed++)
            {
                JsonNode? found = Cell(row, seed, wanted.Contains(row, StringComparer.Ordinal));
                Console.WriteLine(found is null ? Missing(row, $"{seed}") : line(row, $"{seed}", [found]));
                cells.AddRange(found is null ? [] : [found]);
            }

            Console.WriteLine(cells.Count > 0 ? line(row, $"mean of {cells.Count}", cells) : Missing(row, "mean"));
        }
    }

    private JsonNode? Cell(string row, ulong seed, bool isWanted)
    {
        string path = Path.Combine(folder, $"{row}-{seed}", "cell.json");
        if (!File.Exists(path) && isWanted)
        {
            byte[] cell = Encoding.UTF8.GetBytes(compute(row, seed).ToJsonString());
            AtomicFile.Write(path, stream => stream.Write(cell));
        }

        return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;
    }

    private string Missing(string row, string seed)
    {
        int columns = header.Count(letter => letter is '|') - 1;
        return $"| {row} | {seed} | not run |{string.Concat(Enumerable.Repeat(" |", columns - 3))}";
    }
}
