using Temper.Cli.Output;

namespace Temper.Cli.CommandLine;

/// <summary>The settings, output and cancellation of one command run.</summary>
/// <param name="Values">The resolved settings.</param>
/// <param name="Terminal">The terminal that results and messages are written to.</param>
/// <param name="Interrupts">Signals that ask the command to stop; null: none are handled.</param>
internal sealed record CommandContext(SettingValues Values, Terminal Terminal, Interrupts? Interrupts)
{
    /// <summary>Timestamp of the command's start, in ticks of <see cref="Time"/>.</summary>
    private readonly long _start = TimeProvider.System.GetTimestamp();

    private readonly CancellationToken? _cancel;

    /// <summary>Clock used for run folder names, time limits and elapsed time.</summary>
    internal TimeProvider Time
    {
        get;
        init => (field, _start) = (value, value.GetTimestamp());
    } = TimeProvider.System;

    /// <summary>Time since the command started.</summary>
    internal TimeSpan Elapsed => Time.GetElapsedTime(_start);

    /// <summary>Canceled by the first Ctrl-C: the command finishes the current step, saves and stops.</summary>
    internal CancellationToken Cancel
    {
        get => _cancel ?? Interrupts?.Token ?? CancellationToken.None;
        init => _cancel = value;
    }

    /// <summary>
    /// Handles Ctrl-C and SIGTERM from now on; otherwise they are handled from the first use of <see cref="Cancel"/>
    /// on, and end the process before. Called at the start by commands that run until a signal stops them: a signal
    /// that comes while they start must end them with their own exit code, too.
    /// </summary>
    internal void HandleSignals() => Interrupts?.Handle();

    internal T Get<T>(Setting<T> setting) => Values.Get(setting);

    /// <summary>The value of a setting without a default; throws a usage error if it is missing.</summary>
    internal string Require(Setting<string?> setting) => Get(setting)
        ?? throw ToolException.Usage($"{Values.Command}: {setting.Shown} is missing; see --help");

    /// <summary>Throws a usage error if a setting is given that would be ignored.</summary>
    /// <param name="mode">What the settings do not apply to, such as <c>--video</c>.</param>
    /// <param name="unused">The settings that would be ignored.</param>
    internal void RefuseUnused(string mode, IEnumerable<Setting> unused)
    {
        if (unused.FirstOrDefault(Values.IsGiven) is { } setting)
        {
            throw ToolException.Usage($"{Values.Command}: {setting.Shown} does not apply to {mode}; leave it out");
        }
    }

    internal bool IsJson => Get(CommonSettings.Json);
}
