using System.Text.Json.Nodes;

namespace Temper.Experiments;

/// <summary>
/// A row of a snooping table over the victims that have it. Not every victim has every row, because for some of them a
/// proxy cannot be trained; such a row is compared with the same victims without an attack.
/// </summary>
/// <param name="Row">The row of the first of these victims, for its names and settings.</param>
/// <param name="Returns">Returns by victim and episode.</param>
/// <param name="Clean">Mean return of these victims without an attack.</param>
/// <param name="Random">Mean return of random play.</param>
/// <param name="Attacked">Mean fraction of the frames that were changed, 0 to 1.</param>
/// <param name="Milliseconds">Mean time of the attack per frame; null: not measured.</param>
internal sealed record SnoopedRow(
    JsonNode Row, double[][] Returns, double Clean, double Random, double Attacked, double? Milliseconds)
{
    /// <summary>Mean return under the attack.</summary>
    internal double Mean => MeanOf(Returns);

    /// <summary>
    /// Loss relative to the range between clean and random play; NaN if the victims play no better than at random.
    /// </summary>
    internal double Loss => Clean > Random ? (Clean - Mean) / (Clean - Random) : double.NaN;

    /// <summary>Returns all rows of some victims; the first is that without an attack.</summary>
    internal static IReadOnlyList<SnoopedRow> Of(IReadOnlyList<JsonNode> cells) =>
        [.. cells.SelectMany(cell => cell["rows"]!.AsArray()).DistinctBy(row => Key(row!))
            .Select(row => Over(row!, cells))];

    private static SnoopedRow Over(JsonNode row, IReadOnlyList<JsonNode> cells)
    {
        JsonNode[] victims = [.. cells.Where(cell => Find(cell, row) is not null)],
            rows = [.. victims.Select(cell => Find(cell, row)!)];
        double[] milliseconds =
        [
            .. rows.Select(own => own["milliseconds"]).Where(value => value is not null)
                .Select(value => (double)value!),
        ];
        return new SnoopedRow(
            row, [.. rows.Select(ReturnsOf)], MeanOf([.. victims.Select(cell => ReturnsOf(cell["rows"]![0]!))]),
            victims.Average(cell => (double)cell["random"]!), rows.Average(own => (double)own["attacked"]!),
            milliseconds.Length == 0 ? null : milliseconds.Average());
    }

    private static (string, string, double) Key(JsonNode row) =>
        ((string)row["attack"]!, (string)row["defense"]!, (double)row["epsilon"]!);

    private static JsonNode? Find(JsonNode cell, JsonNode row) =>
        cell["rows"]!.AsArray().FirstOrDefault(other => Key(other!) == Key(row));

    private static double[] ReturnsOf(JsonNode row) => [.. row["returns"]!.AsArray().Select(one => (double)one!)];

    private static double MeanOf(double[][] returns) => returns.Average(victim => victim.Average());
}
