using Temper.Cli.Output;

namespace Temper.Cli.CommandLine;

/// <summary>What a command works with.</summary>
/// <param name="Values">Its settings.</param>
/// <param name="Terminal">Where it writes.</param>
/// <param name="Cancel">Set by the first Ctrl-C: finish the step, save, stop.</param>
internal sealed record CommandContext(SettingValues Values, Terminal Terminal, CancellationToken Cancel)
{
    /// <summary>The clock: for names of run folders, limits and elapsed time.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    internal T Get<T>(Setting<T> setting) => Values.Get(setting);

    /// <summary>The value of a setting that has no default.</summary>
    internal string Require(Setting<string?> setting) => Get(setting)
        ?? throw ToolException.Usage($"{Values.Section.Replace('-', ' ')}: {(setting.IsPositional ? setting.Name.ToUpperInvariant() : setting.Flag)} is missing; see --help");

    internal bool IsJson => Get(CommonSettings.Json);
}
