using System.Globalization;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>The report of a run: the sections of its record, and how to reproduce it.</summary>
internal sealed record RunReport
{
    internal required RunRecord Run { get; init; }

    /// <summary>The resolved settings, as in <c>config.yaml</c>.</summary>
    internal required string Config { get; init; }

    /// <summary>Machine and versions.</summary>
    internal required IReadOnlyList<Fact> Environment { get; init; }

    internal Report ToReport() => new()
    {
        Title = Run.Title,
        Subtitle = $"temper {Run.Command}, seed {Run.Seed}, {Duration(Run.Seconds)}",
        Sections = [.. Run.Sections, new Section("How to reproduce", [new Listing(
            string.Join('\n', Run.Reproduce)), new Facts(Environment), new Listing(Config)])],
    };

    private static string Duration(double seconds) =>
        seconds < 90
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:F0} seconds")
        : $"{(int)(seconds / 60)} min {(int)seconds % 60} s";
}
