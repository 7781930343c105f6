using Temper.Cli.CommandLine;
using Temper.Robustness.Feedback;

namespace Temper.Cli.Hardening;

/// <summary>Settings for measuring the decision space.</summary>
internal static class ProbeSettings
{
    private const string Auto = "auto";

    internal static Setting<string?> Data { get; } = Setting.OptionalText(
        "data", "Samples: a known set, a path, or an npz with x_test and y_test; see 'temper data list'");

    internal static Setting<int> Samples { get; } =
        Setting.Integer("samples", "Number of test samples to probe, drawn in proportion from each class",
            defaultValue: 500);

    internal static Setting<string> Families { get; } = FamilyList(
        "families", "Direction families, separated by commas; auto: all that the model and the data allow", Auto);

    internal static Setting<int> Rays { get; } =
        Setting.Integer("rays", "Number of random directions per sample", defaultValue: 10);

    internal static Setting<int> Grid { get; } =
        Setting.Integer("grid", "Points checked along each direction for boundary crossings that the first "
            + "search, which doubles the distance at each step, missed; 2 or more", defaultValue: 16, minimum: 2);

    internal static Setting<int> Bisections { get; } =
        Setting.Integer("bisections", "Maximum bisection steps (one forward pass each) to locate a boundary "
            + "crossing", defaultValue: 12);

    internal static Setting<int> Batch { get; } =
        Setting.Integer("probe-batch", "Directions searched per batch; does not change results", defaultValue: 512);

    internal static Setting<double?> Tau { get; } = Setting.OptionalNumber(
        "tau", "Distance from which a direction counts as well learned; when not given, the median of the "
            + "best-learned class in each family");

    internal static Setting<ulong> Seed { get; } = Setting.Seed();

    internal static Setting<string?> Output { get; } =
        Setting.Output("output", "Folder for report.html", OutputKind.Folder);

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Data, Samples, Families, Rays, Grid, Bisections, Batch, Tau, Seed, Output,
    ];

    /// <summary>Settings also used by runs that probe.</summary>
    internal static IReadOnlyList<Setting> OfRuns { get; } = [Rays, Grid, Bisections, Batch];

    /// <summary>
    /// Creates the options of a probe of the given families; null: all families that can be measured.
    /// </summary>
    internal static ProbeOptions Options(CommandContext context, IReadOnlyList<DirectionFamily>? families) => new()
    {
        Families = families
            ?.Select(family => family is RandomDirections ? new RandomDirections { Rays = context.Get(Rays) } : family)
            .ToArray(),
        GridPoints = context.Get(Grid),
        Bisections = context.Get(Bisections),
        BatchSize = context.Get(Batch),
    };

    /// <summary>The named families; null: auto.</summary>
    internal static IReadOnlyList<DirectionFamily>? FamiliesOf(string text) =>
        text is Auto
            ? null
            : [.. text.Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)
                .Select(DirectionFamily.ByName)];

    internal static Setting<string> FamilyList(string name, string help, string defaultValue)
    {
        string[] known = [.. DirectionFamily.All.Select(family => family.Name)];
        return new Setting<string>(name, $"{help}: {string.Join(", ", known)}", defaultValue, text =>
            text is Auto && defaultValue is Auto ? text
            : text
                .Split(',', StringSplitOptions.TrimEntries)
                .FirstOrDefault(part => !known.Contains(part, StringComparer.Ordinal)) is not { } unknown ? text
            : throw new FormatException(
                $"some of {string.Join(", ", known)} separated by commas{Suggestion.For(unknown, known)}"))
        {
            Words = () => known,
            IsList = true,
            Separator = ',',
        };
    }
}
