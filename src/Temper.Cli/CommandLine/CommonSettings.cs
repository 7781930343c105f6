namespace Temper.Cli.CommandLine;

/// <summary>Settings shared by all commands.</summary>
internal static class CommonSettings
{
    internal static Setting<int> Threads { get; } = Setting.Integer(
        "threads", "Threads to use, at most one per processor; 0 = all processors", defaultValue: 0, minimum: 0);

    internal static Setting<bool> Json { get; } = Output("json", "Print the result as one JSON document");

    internal static Setting<bool> Quiet { get; } = Output("quiet", "Print only the result and errors", "-q");

    internal static Setting<bool> Verbose { get; } =
        Output("verbose", "Print the stack trace of an unexpected error", "-v");

    internal static Setting<string> Color { get; } =
        new("color", "Colored output: auto, always or never", "auto", text =>
        text is "auto" or "always" or "never" ? text : throw new FormatException("auto, always or never"))
    {
        IsAboutOutput = true,
        Words = () => ["auto", "always", "never"],
    };

    internal static Setting<string?> Config { get; } =
        new("config", "Read settings from a YAML or JSON file", null, text => text) { IsAboutOutput = true };

    internal static Setting<bool> PrintConfig { get; } =
        Output("print-config", "Print all settings as a YAML file and exit");

    internal static IReadOnlyList<Setting> All { get; } = [Threads, Config, PrintConfig, Json, Quiet, Verbose, Color];

    private static Setting<bool> Output(string name, string help, string? shortFlag = null) =>
        new(name, help, defaultValue: false, Setting.ReadSwitch)
    {
        IsSwitch = true,
        IsAboutOutput = true,
        ShortFlag = shortFlag,
    };
}
