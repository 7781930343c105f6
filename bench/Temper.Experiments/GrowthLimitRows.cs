using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Growth;
using Temper.Growth.Limits;
using Temper.Inference;
using Temper.Networks;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>Rows in which one limit ends the growth, with the fraction of the limit that was used.</summary>
internal static class GrowthLimitRows
{
    /// <summary>Limit as a multiple of the cost of the seed network.</summary>
    private const double Times = 3;

    internal static IReadOnlyList<string> Names { get; } = ["limit-time", "limit-parameters", "limit-macs", "limit-ms"];

    /// <summary>
    /// Returns the limit of a row. Milliseconds are measured as growth measures those of its candidates. They are stored
    /// as a choice of the run, so that a resumed run has the same limit.
    /// </summary>
    internal static GrowthLimits Of(string row, Network seed, int seconds, IMethodRun run) => row switch
    {
        "limit-time" => new GrowthLimits { Time = TimeSpan.FromSeconds(seconds) },
        "limit-parameters" => new GrowthLimits { Parameters = (long)(Times * seed.Cost().Parameters) },
        "limit-macs" => new GrowthLimits { Macs = (long)(Times * seed.Cost().Macs) },
        _ => new GrowthLimits { Milliseconds = Times * Milliseconds(seed, run) },
    };

    /// <summary>
    /// Adds the cost of the network found as a fraction of the limit. Milliseconds are measured again, alternating with
    /// the seed network.
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

    private static double Milliseconds(Network seed, IMethodRun run)
    {
        string chosen = run.Choose(
            "limit", "milliseconds of the seed",
            () => NetworkTiming.Milliseconds([seed], 1)[0].ToString("R", CultureInfo.InvariantCulture));
        return double.Parse(chosen, CultureInfo.InvariantCulture);
    }
}
