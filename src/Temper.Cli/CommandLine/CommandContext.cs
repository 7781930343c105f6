using Temper.Cli.Output;

namespace Temper.Cli.CommandLine;

/// <summary>What a command works with.</summary>
/// <param name="Values">Its settings.</param>
/// <param name="Terminal">Where it writes.</param>
/// <param name="Cancel">Set by the first Ctrl-C: finish the step, save, stop.</param>
internal sealed record CommandContext(SettingValues Values, Terminal Terminal, CancellationToken Cancel)
{
    /// <summary>When the command began, in the clock's own units.</summary>
    private readonly long _start = TimeProvider.System.GetTimestamp();

    /// <summary>The clock: for names of run folders, limits and elapsed time.</summary>
    internal TimeProvider Time
    {
        get;
        init => (field, _start) = (value, value.GetTimestamp());
    } = TimeProvider.System;

    /// <summary>Time since the command began.</summary>
    internal TimeSpan Elapsed => Time.GetElapsedTime(_start);

    internal T Get<T>(Setting<T> setting) => Values.Get(setting);

    /// <summary>The value of a setting that has no default.</summary>
    internal string Require(Setting<string?> setting) => Get(setting)
        ?? throw ToolException.Usage($"{Values.Section.Replace('-', ' ')}: "
            + $"{(setting.IsPositional ? setting.Name.ToUpperInvariant() : setting.Flag)} is missing; see --help");

    internal bool IsJson => Get(CommonSettings.Json);
}
