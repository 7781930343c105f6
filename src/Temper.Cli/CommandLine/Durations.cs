using System.Globalization;

namespace Temper.Cli.CommandLine;

/// <summary>
/// Parses and formats durations such as <c>90s</c>, <c>20m</c>, <c>1h30m</c>, <c>500ms</c> or <c>1.5h</c>.
/// </summary>
internal static class Durations
{
    internal const string Expected = "a duration with its unit (ms, s, m, h or d), such as 90s, 20m or 1h30m";

    /// <summary>The longest duration accepted: 365 days.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Units, largest first. A duration may use each unit once, in this order.</summary>
    private static readonly (string Name, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>Parses a duration greater than zero.</summary>
    /// <exception cref="FormatException">
    /// The text is not a valid duration; the message says what is expected.
    /// </exception>
    internal static TimeSpan Parse(string text)
    {
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _))
        {
            throw new FormatException($"{Expected}; for {text} seconds: {text}s");
        }

        decimal ticks = 0;
        int at = 0, unit = -1;
        while (at < text.Length)
        {
            int number = Run(text, at, letter => char.IsAsciiDigit(letter) || letter is '.');
            int letters = Run(text, number, char.IsAsciiLetter);
            int found = Array.FindIndex(Units, one => text.AsSpan(number, letters - number).SequenceEqual(one.Name));
            if (found <= unit || !decimal.TryParse(
                text.AsSpan(at, number - at), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out decimal value)
                || value > Longest.Ticks)
            {
                throw new FormatException(Expected);
            }

            ticks += value * Units[found].Ticks;
            (at, unit) = (letters, found);
        }

        return ticks >= 1 && ticks <= Longest.Ticks
            ? TimeSpan.FromTicks((long)ticks)
            : throw new FormatException(
                ticks < 1 ? $"{Expected}, greater than zero" : $"{Expected}, at most {Longest.TotalDays}d");
    }

    /// <summary>The shortest text that parses to the duration, rounded down to milliseconds.</summary>
    internal static string Show(TimeSpan duration)
    {
        long left = Math.Max(duration.Ticks, 0) / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond;
        var text = new System.Text.StringBuilder();
        foreach ((string name, long ticks) in Units)
        {
            if (left >= ticks)
            {
                text.Append(CultureInfo.InvariantCulture, $"{left / ticks}{name}");
                left %= ticks;
            }
        }

        return text.Length > 0 ? text.ToString() : "0s";
    }

    private static int Run(string text, int from, Func<char, bool> belongs)
    {
        while (from < text.Length && belongs(text[from]))
        {
            from++;
        }

        return from;
    }
}
