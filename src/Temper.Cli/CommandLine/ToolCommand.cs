using System.CommandLine;

namespace Temper.Cli.CommandLine;

/// <summary>
/// A command of the tool. Its settings are plain values, so that showing help loads no other part of the product; only
/// <see cref="Run"/> uses the libraries.
/// </summary>
internal abstract class ToolCommand(string name, string help)
{
    /// <summary>Name of the command; a subcommand has two words, such as <c>data get</c>.</summary>
    internal string Name { get; } = name;

    internal string Help { get; } = help;

    /// <summary>Name of the command in configuration files and environment variables.</summary>
    internal string Section => Name.Replace(' ', '-');

    /// <summary>Example command lines, shown at the top of the command's help.</summary>
    internal virtual IReadOnlyList<string> Examples => [];

    /// <summary>
    /// Settings of the command besides <see cref="CommonSettings"/>. Created on first use, because every start of the
    /// tool creates all commands.
    /// </summary>
    internal abstract IReadOnlyList<Setting> Settings { get; }

    /// <summary>
    /// Whether the ranks of mpirun can share the command's work; if false, the command refuses to run on several ranks.
    /// </summary>
    internal virtual bool SharesWork => false;

    /// <summary>Message shown at the first Ctrl-C or SIGTERM.</summary>
    internal virtual string StopNote => "stopping after the current step; press Ctrl-C again to stop immediately";

    internal IEnumerable<Setting> AllSettings => Settings.Concat(CommonSettings.All);

    /// <summary>Path of the configuration file to read; null: none.</summary>
    /// <param name="given">Returns the text of a setting given as a flag or an environment variable, or null.</param>
    internal virtual string? ConfigPath(Func<Setting, string?> given) => given(CommonSettings.Config);

    /// <summary>Runs the command.</summary>
    /// <returns>A code of <see cref="ExitCode"/>.</returns>
    internal abstract int Run(CommandContext context);

    /// <summary>The command without settings, for the list of commands.</summary>
    internal Command ToEntry() => new(Name[(Name.LastIndexOf(' ') + 1)..], Help);

    internal Command ToCommand(Func<ToolCommand, ParseResult, Func<Setting, string?>, int> run)
    {
        Command command = ToEntry();
        if (Examples.Count > 0)
        {
            command.Description =
                $"{Help}\n\nExamples:\n{string.Join('\n', Examples.Select(example => $"  temper {example}"))}";
        }

        var flags = new Dictionary<Setting, Func<ParseResult, string?>>();
        foreach (Setting setting in AllSettings)
        {
            if (setting.IsPositional)
            {
                Argument<string?> argument = setting.ToArgument();
                command.Arguments.Add(argument);
                flags[setting] = result => result.GetValue(argument);
            }
            else if (setting.IsList)
            {
                Option<string[]?> option = setting.ToListOption();
                command.Options.Add(option);
                char separator = setting.Separator!.Value;
                flags[setting] = result =>
                    result.GetValue(option) is { Length: > 0 } values ? string.Join(separator, values) : null;
            }
            else
            {
                Option<string?> option = setting.ToOption();
                command.Options.Add(option);
                flags[setting] = result => result.GetResult(option) is not { Implicit: false } found ? null
                    : setting.IsSwitch ? "true"
                    : found.GetValueOrDefault<string?>();
            }
        }

        command.SetAction(result => run(this, result, setting => flags[setting](result)));
        return command;
    }
}
