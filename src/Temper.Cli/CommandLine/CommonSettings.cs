namespace Temper.Cli.CommandLine;

/// <summary>What every command can be told.</summary>
internal static class CommonSettings
{
    internal static Setting<int> Threads { get; } = Setting.Integer("threads", "Threads to work with, at most one a processor; 0: one a processor", usual: 0, minimum: 0);

    internal static Setting<bool> Json { get; } = Output("json", "Write the result as exactly one JSON document");

    internal static Setting<bool> Quiet { get; } = Output("quiet", "Write the result and errors only", "-q");

    internal static Setting<bool> Verbose { get; } = Output("verbose", "Say more, and where an error comes from", "-v");

    internal static Setting<string> Color { get; } = new("color", "When to color: auto, always or never", "auto", text =>
        text is "auto" or "always" or "never" ? text : throw new FormatException("auto, always or never"))
    {
        IsAboutOutput = true,
        Words = () => ["auto", "always", "never"],
    };

    internal static Setting<string?> Config { get; } = new("config", "Read settings from a YAML or JSON file", null, text => text) { IsAboutOutput = true };

    internal static Setting<bool> PrintConfig { get; } = Output("print-config", "Write the complete settings as a file and stop");

    internal static IReadOnlyList<Setting> All { get; } = [Threads, Config, PrintConfig, Json, Quiet, Verbose, Color];

    private static Setting<bool> Output(string name, string help, string? shortFlag = null) => new(name, help, usual: false, bool.Parse)
    {
        IsSwitch = true,
        IsAboutOutput = true,
        ShortFlag = shortFlag,
    };
}
