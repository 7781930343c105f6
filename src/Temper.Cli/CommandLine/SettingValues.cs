using System.CommandLine;

namespace Temper.Cli.CommandLine;

/// <summary>The settings of one run with their values: flag before environment before file before default.</summary>
internal sealed class SettingValues
{
    private readonly Dictionary<Setting, (object? Value, string? Text)> _values = [];

    private SettingValues(string section) => Section = section;

    /// <summary>Name of the command: the part of the file and of the variables that is read.</summary>
    internal string Section { get; }

    internal T Get<T>(Setting<T> setting) => (T)_values[setting].Value!;

    /// <summary>True if a flag or variable names the setting, or a file another value than the default.</summary>
    internal bool IsGiven(Setting setting) => _values[setting].Text is not null;

    internal static SettingValues Resolve(
        ToolCommand command, Func<Setting, string?> flag, ConfigFile? file, System.Collections.IDictionary environment)
    {
        var values = new SettingValues(command.Section);
        IReadOnlyDictionary<string, string> fromFile = file?.Section(command)
            ?? new Dictionary<string, string>(StringComparer.Ordinal);
        CheckEnvironment(command, environment);
        foreach (Setting setting in command.AllSettings)
        {
            string variable = setting.EnvironmentName(command.Section);
            (string? text, string origin) =
                (flag(setting), environment[variable] as string, fromFile.GetValueOrDefault(setting.Name)) switch
            {
                ({ } given, _, _) => (given, setting.IsPositional ? setting.Name.ToUpperInvariant() : setting.Flag),
                (_, { } given, _) => (given, variable),

                // A run's own file holds every value; a default there was not asked for.
                (_, _, { } given) when !string.Equals(given, setting.DefaultText, StringComparison.Ordinal) =>
                    (given, $"{file?.Path}: {command.Section}.{setting.Name}"),
                _ => ((string?)null, setting.Flag),
            };
            values._values[setting] = (setting.Read(text, origin), text);
        }

        return values;
    }

    /// <summary>
    /// Settings that decide what is done and have other values than in a second set of the same command.
    /// </summary>
    internal IEnumerable<(Setting Setting, string Here, string There)> Differences(SettingValues other)
    {
        foreach ((Setting setting, (object? value, string? text)) in _values.Where(entry => !entry.Key.IsAboutOutput))
        {
            (object? otherValue, string? otherText) = other._values[setting];
            (string here, string there) =
                (text ?? setting.DefaultText ?? "none", otherText ?? setting.DefaultText ?? "none");
            bool isSame = string.Equals(here, there, StringComparison.Ordinal) || Equals(value, otherValue)
                || (value is Array one
                    && otherValue is Array two && one.Cast<object>().SequenceEqual(two.Cast<object>()));
            if (!isSame)
            {
                yield return (setting, here, there);
            }
        }
    }

    /// <summary>The file that would give this run again.</summary>
    internal string ToYaml()
    {
        var text = new System.Text.StringBuilder().Append(Section).Append(":\n");
        foreach ((Setting setting, (object? _, string? given)) in _values)
        {
            if (!setting.IsAboutOutput && (given ?? setting.DefaultText) is { } shown)
            {
                text.Append("  ")
                    .Append(setting.Name).Append(": ").Append(ConfigFile.Written(setting, shown)).Append('\n');
            }
        }

        return text.ToString();
    }

    private static void CheckEnvironment(ToolCommand command, System.Collections.IDictionary environment)
    {
        string prefix = $"TEMPER_{command.Section.Replace('-', '_').ToUpperInvariant()}__";
        string[] known = [.. command.AllSettings.Select(setting => setting.EnvironmentName(command.Section))];
        foreach (string name in environment.Keys.Cast<string>().Where(
            name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                throw ToolException.Usage($"environment: no such setting (got {name}){Suggestion.For(name, known)}");
            }
        }
    }
}
