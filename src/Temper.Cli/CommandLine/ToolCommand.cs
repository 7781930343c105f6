using System.CommandLine;

namespace Temper.Cli.CommandLine;

/// <summary>
/// One command. Its settings are plain values, so that help needs no other part of the product; only <see cref="Run"/>
/// touches the engine.
/// </summary>
internal abstract class ToolCommand(string name, string help)
{
    /// <summary>Its name, in a sentence of two words for a command below another one: <c>data get</c>.</summary>
    internal string Name { get; } = name;

    internal string Help { get; } = help;

    /// <summary>Its name in files and variables.</summary>
    internal string Section => Name.Replace(' ', '-');

    /// <summary>Lines to type, shown at the head of the command's help.</summary>
    internal virtual IReadOnlyList<string> Examples => [];

    /// <summary>
    /// What it can be told, besides what every command can be told. Made when first asked for: every run makes all
    /// commands.
    /// </summary>
    internal abstract IReadOnlyList<Setting> Settings { get; }

    /// <summary>
    /// Whether ranks that mpirun starts share the command's work; others refuse to run on several ranks.
    /// </summary>
    internal virtual bool SharesWork => false;

    internal IEnumerable<Setting> AllSettings => Settings.Concat(CommonSettings.All);

    /// <summary>The configuration file to read, or null for none.</summary>
    /// <param name="given">What a flag or a variable says, or null.</param>
    internal virtual string? ConfigPath(Func<Setting, string?> given) => given(CommonSettings.Config);

    /// <summary>Does the work.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal abstract int Run(CommandContext context);

    /// <summary>Its line in the list of commands, without settings.</summary>
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
                flags[setting] = result =>
                    result.GetValue(option) is { Length: > 0 } values ? string.Join('\n', values) : null;
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
