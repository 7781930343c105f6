using System.Globalization;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Wording;

namespace Temper.Cli.Snooping;

/// <summary>The conditions under which the figures of a report were measured.</summary>
internal static class SnoopingConditions
{
    /// <summary>Names and values of the conditions, in the order of the report.</summary>
    /// <param name="options">Options of the run.</param>
    /// <param name="stream">Format of the first victim's stream.</param>
    /// <param name="proxies">The proxies of the report; may be empty.</param>
    internal static KeyValuePair<string, string>[] Of(
        SnoopingRunOptions options, StreamInfo stream, IReadOnlyList<Proxy> proxies)
    {
        float? sticky = options.EnvironmentOptions.Sticky ?? options.Victims[0].Options.Sticky;
        return
        [
            new("environment", options.Environment),
            new("victims", $"{options.Victims.Count}, {Plural.Of(options.Episodes, "episode")} each"),
            new("changed", options.Mode == StackMode.PerFrame
                ? "each frame once, as it crosses the channel"
                : "the whole stack at each step"),
            new("channel", options.Precision == ChannelPrecision.UInt8 ? "8 bits per number" : "float32"),
            new("observations",
                $"{stream.FrameShape}, {Plural.Of(stream.Frames, "frame")}, {StreamBounds.Text(stream)}"),
            new("rounding defense", StreamBounds.AreKnown(stream)
                ? Plural.Of(options.DefenseBits, "bit")
                : "not used: the observations have no bounds"),
            new("sticky actions", sticky?.ToString(CultureInfo.InvariantCulture) ?? "environment default"),
            .. proxies.Select((proxy, i) => new KeyValuePair<string, string>(
                $"proxy {i + 1}", $"{proxy.Task} under {proxy.Threat}, {Plural.Of(proxy.Steps, "step")} of "
                    + $"{proxy.Stream.Source}, {proxy.FidelityName} {proxy.Fidelity:F3} on {HeldOut(proxy)}")),
            .. proxies.Count > 0
                ? Array.Empty<KeyValuePair<string, string>>()
                : [new("proxies", "none: only the baselines were measured")],
        ];
    }

    /// <summary>The steps that a proxy's fidelity was measured on, in words.</summary>
    internal static string HeldOut(Proxy proxy) => proxy switch
    {
        { HeldOutSteps: 0 } => "held-out steps",
        { HeldOutEpisodes: 0 } => $"the last {Plural.Of(proxy.HeldOutSteps, "step")} of the only episode",
        _ => $"{Plural.Of(proxy.HeldOutSteps, "step")} of {Plural.Of(proxy.HeldOutEpisodes, "held-out episode")}",
    };
}
