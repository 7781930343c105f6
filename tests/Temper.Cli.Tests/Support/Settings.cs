using System.Collections;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;

namespace Temper.Cli.Tests.Support;

/// <summary>Resolves settings without starting a process.</summary>
internal static class Settings
{
    internal static SettingValues Resolve(ToolCommand command, Dictionary<string, string>? flags = null, string? file = null, Hashtable? environment = null) =>
        SettingValues.Resolve(command, setting => flags?.GetValueOrDefault(setting.Name), file is null ? null : ConfigFile.Load(file), environment ?? []);

    /// <summary>Runs code that must end with a usage error, and returns its message.</summary>
    internal static string Refusal(Action refused)
    {
        var error = Assert.Throws<ToolException>(refused);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        return error.Message;
    }

    internal static CommandContext Context(ToolCommand command, Dictionary<string, string> flags, TimeProvider time, string? file = null)
    {
        SettingValues values = Resolve(command, flags, file);
        return new CommandContext(values, Terminal.For(values), Interrupts: null) { Time = time };
    }
}
