using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Compression.Pipeline;
using Temper.Growth;
using Temper.Growth.Limits;
using Temper.Networks;

namespace Temper.Experiments;

/// <summary>Growth that is ended by one limit, and how much of it was used.</summary>
internal static class GrowthLimitRows
{
    /// <summary>Limits as multiples of what the seed takes.</summary>
    private const double Times = 3;

    internal static IReadOnlyList<string> Names { get; } = ["limit-time", "limit-parameters", "limit-macs", "limit-ms"];

    /// <summary>
    /// The limit of a row. What is measured is a choice of the run: a resumed one has the same limit.
    /// </summary>
    internal static GrowthLimits Of(string row, Network seed, int seconds, IGrowthRun run) => row switch
    {
        "limit-time" => new GrowthLimits { Time = TimeSpan.FromSeconds(seconds) },
        "limit-parameters" => new GrowthLimits { Parameters = (long)(Times * seed.Cost().Parameters) },
        "limit-macs" => new GrowthLimits { Macs = (long)(Times * seed.Cost().Macs) },
        _ => new GrowthLimits { Milliseconds = Times * Milliseconds(seed, run) },
    };

    /// <summary>
    /// Adds what was found as a part of the limit; milliseconds are measured anew, in turns with the seed's.
    /// </summary>
    internal static void Judge(
        JsonObject cell, GrowthLimits limits, (Network Seed, Network Found) networks, double seconds)
    {
        (double limit, double found) = limits switch
        {
            { Time: { } time } => (time.TotalSeconds, seconds),
            { Parameters: { } parameters } => (parameters, networks.Found.Cost().Parameters),
            { Macs: { } macs } => (macs, networks.Found.Cost().Macs),
            _ => (limits.Milliseconds!.Value, NetworkTiming.Milliseconds([networks.Seed, networks.Found], 1)[1]),
        };
        cell["part"] = found / limit;
        cell["note"] = string.Create(CultureInfo.InvariantCulture, $"{found:G4} of at most {limit:G4}");
    }

    private static double Milliseconds(Network seed, IGrowthRun run)
    {
        string chosen = run.Choose(
            "limit", "milliseconds of the seed",
            () => NetworkTiming.Milliseconds([seed], 1)[0].ToString("R", CultureInfo.InvariantCulture));
        return double.Parse(chosen, CultureInfo.InvariantCulture);
    }
}
