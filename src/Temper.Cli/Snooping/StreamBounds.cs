using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>What the bounds of a stream's values allow.</summary>
internal static class StreamBounds
{
    /// <summary>Whether both bounds are known, which the rounding defense and the guided attack need.</summary>
    internal static bool AreKnown(StreamInfo stream) => float.IsFinite(stream.Minimum)
        && float.IsFinite(stream.Maximum);

    /// <summary>Whether an 8-bit channel can carry the values.</summary>
    internal static bool FitBytes(StreamInfo stream) => stream is { Minimum: >= 0, Maximum: <= 1 };

    /// <summary>The bounds in words.</summary>
    internal static string Text(StreamInfo stream) =>
        AreKnown(stream) ? $"{stream.Minimum} to {stream.Maximum}" : "no bounds";
}
