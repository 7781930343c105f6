using System.CommandLine;

namespace Temper.Cli.CommandLine;

/// <summary>
/// The values of all settings of one run. A flag overrides an environment variable, which overrides the configuration
/// file, which overrides the default.
/// </summary>
internal sealed class SettingValues
{
    private readonly Dictionary<Setting, (object? Value, string? Text)> _values = [];
    private readonly HashSet<Setting> _named = [];

    private SettingValues(ToolCommand command) => (Command, Section) = (command.Name, command.Section);

    /// <summary>Name of the command, for messages.</summary>
    internal string Command { get; }

    /// <summary>
    /// Section of the configuration file, and part of the environment variable names, that belongs to the command.
    /// </summary>
    internal string Section { get; }

    internal T Get<T>(Setting<T> setting) => (T)_values[setting].Value!;

    /// <summary>
    /// True if the setting was given as a flag or an environment variable, or in a configuration file with a value
    /// other than the default.
    /// </summary>
    internal bool IsGiven(Setting setting) => _values[setting].Text is not null;

    /// <summary>
    /// True if the setting was given, also if a configuration file gives it with the default value: someone chose it,
    /// or a run recorded it.
    /// </summary>
    internal bool IsNamed(Setting setting) => _named.Contains(setting);

    internal static SettingValues Resolve(
        ToolCommand command, Func<Setting, string?> flag, ConfigFile? file, System.Collections.IDictionary environment)
    {
        var values = new SettingValues(command);
        IReadOnlyDictionary<string, string> fromFile = file?.Section(command)
            ?? new Dictionary<string, string>(StringComparer.Ordinal);
        CheckEnvironment(command, environment);
        foreach (Setting setting in command.AllSettings)
        {
            string variable = setting.EnvironmentName(command.Section);
            (string? text, string origin) =
                (flag(setting), environment[variable] as string, fromFile.GetValueOrDefault(setting.Name)) switch
            {
                ({ } given, _, _) => (given, setting.Shown),
                (_, { } given, _) => (given, variable),

                // The configuration file of a run contains all values, so a default value in it does not count as
                // given.
                (_, _, { } given) when !string.Equals(given, setting.DefaultText, StringComparison.Ordinal) =>
                    (given, $"{file?.Path}: {command.Section}.{setting.Name}"),
                _ => ((string?)null, setting.Flag),
            };
            values._values[setting] = (setting.Read(text, origin), text);
            if (text is not null || fromFile.ContainsKey(setting.Name))
            {
                values._named.Add(setting);
            }
        }

        return values;
    }

    /// <summary>
    /// Settings with different values in another set of values of the same command; settings that affect only the
    /// output are skipped.
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

    /// <summary>Throws if an output path cannot be written.</summary>
    internal void RequireOutputs()
    {
        foreach ((Setting setting, (object? value, string? _)) in _values)
        {
            if (setting.Writes is { } kind && value is string path)
            {
                OutputPath.Require(setting.Flag, path, kind);
            }
        }
    }

    /// <summary>The settings as a configuration file that repeats this run.</summary>
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
