using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Randomness;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Proxies;

namespace Temper.Experiments;

/// <summary>
/// Lines of a snooping table: only the clean return for a single victim, and every row with its interval for all
/// victims together.
/// </summary>
internal sealed class SnoopingLines(SnoopingScale scale)
{
    internal const string Header =
        "| game | victim | attack | threat model | defense | epsilon | mean return | 95 % interval "
        + "| loss relative to clean - random | frames attacked | ms per frame |";

    internal string Of(string game, string victim, IReadOnlyList<JsonNode> cells)
    {
        IReadOnlyList<SnoopedRow> rows = SnoopedRow.Of(cells);
        bool isOne = victim.All(char.IsAsciiDigit);
        IEnumerable<string> lines =
            (isOne ? rows.Take(1) : rows).Select(row => Line(game, victim, row, cells.Count));
        return string.Join(
            '\n', isOne ? lines : lines.Concat(Missing(game, victim, rows)).Append(Fidelity(game, victim, cells)));
    }

    private static string Line(string game, string victim, SnoopedRow row, int victims)
    {
        (double low, double high) = BootstrapInterval.Of(row.Returns, RandomStream.FromSeed(1).Split("interval"));
        JsonNode one = row.Row;
        string note =
            (bool)one["no_operation"]!
                ? " (below the channel's precision)"
                : row.Returns.Length < victims
                    ? Text($" ({row.Returns.Length} victims, clean {row.Clean:F2})")
                    : "";
        return Text($"| {game} | {victim} | {one["attack"]}{note} | {Hears($"{one["attack"]}")} | {one["defense"]} ")
            + Text($"| {(double)one["epsilon"]!:0.###} | {row.Mean:F2} ")
            + Text($"| {(double.IsNaN(low) ? "-" : Text($"{low:F2} to {high:F2}"))} ")
            + Text($"| {(double.IsNaN(row.Loss) ? "-" : Text($"{row.Loss * 100:F0} %"))} ")
            + Text($"| {row.Attacked * 100:F0} % ")
            + Text($"| {(row.Milliseconds is { } milliseconds ? Text($"{milliseconds:F3}") : "")} |");
    }

    /// <summary>Returns a line for each required baseline that has no result.</summary>
    private IEnumerable<string> Missing(string game, string victim, IReadOnlyList<SnoopedRow> rows)
    {
        HashSet<string> found = [.. rows.Select(row => (string?)row.Row["baseline"] ?? "")];
        return Enum.GetValues<Baseline>().Select(SnoopingTable.Name).Where(name => !found.Contains(name))
            .Select(name => Text($"| {game} | {victim} | {name} | | ")
                + Text($"| {string.Join(' ', scale.Epsilons.Select(epsilon => Text($"{epsilon}")))} ")
                + "| not run | | | | |");
    }

    private static string Fidelity(string game, string victim, IReadOnlyList<JsonNode> cells) =>
        Text($"| {game} | {victim} | proxies on held-out episodes: ")
        + string.Join(", ", cells.SelectMany(cell => cell["proxies"]!.AsObject())
            .GroupBy(proxy => proxy.Key, StringComparer.Ordinal)
            .Select(proxy => Text($"{proxy.Key} {Known(proxy.Select(one => SeedTable.Number(one.Value))):F3}")))
        + " | | | | | | | | |";

    /// <summary>Returns the mean of the finite values; R2 is not known if a victim's returns are all equal.</summary>
    private static double Known(IEnumerable<double> values) =>
        values.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    /// <summary>
    /// Returns the weakest threat model that suffices to train the attack's proxy; empty for other attacks.
    /// </summary>
    private static string Hears(string attack) =>
        RelatedTasks.All.FirstOrDefault(
            task => attack.StartsWith(task.Name, StringComparison.Ordinal))?.Needs.ToString()
            ?? "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
