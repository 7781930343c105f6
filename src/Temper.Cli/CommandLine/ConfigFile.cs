using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Temper.Cli.CommandLine;

/// <summary>
/// A configuration file in YAML or JSON (a subset of YAML): one section per command, with settings by name.
/// </summary>
internal sealed class ConfigFile
{
    private const long MaximumBytes = 1 << 20;
    private readonly YamlMappingNode _root;

    private ConfigFile(string path, YamlMappingNode root) => (Path, _root) = (path, root);

    internal string Path { get; }

    internal static ConfigFile Load(string path)
    {
        var info = new FileInfo(path);
        if (info.Exists && info.Length > MaximumBytes)
        {
            throw ToolException.Usage($"--config: {path} is too large for a configuration file (got {info.Length} "
                + $"bytes, expected at most {MaximumBytes})");
        }

        try
        {
            using var reader = new StringReader(File.ReadAllText(path));
            var yaml = new YamlStream();
            yaml.Load(reader);
            return yaml.Documents is [{ RootNode: YamlMappingNode root }]
                ? new ConfigFile(path, root)
                : throw ToolException.Usage(
                    $"--config: {path} must contain one document with a section per command, such as 'train:'");
        }
        catch (YamlException error)
        {
            throw ToolException.Usage(
                $"--config: {path} is not YAML or JSON (line {error.Start.Line}: {error.Message})");
        }
    }

    /// <summary>
    /// The settings of one command as text; one with the value null counts as not given. The file may also contain
    /// sections of other commands.
    /// </summary>
    internal IReadOnlyDictionary<string, string> Section(ToolCommand command)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((YamlNode key, YamlNode value) in _root.Children)
        {
            string name = Scalar(key, "a section's name");
            if (!Application.Sections.Contains(name, StringComparer.Ordinal))
            {
                throw Unknown("section", name, Application.Sections);
            }

            if (!string.Equals(name, command.Section, StringComparison.Ordinal) || IsNull(value))
            {
                continue;
            }

            Setting[] known = [.. command.AllSettings.Where(setting => !setting.IsAboutOutput)];
            foreach ((YamlNode settingKey, YamlNode settingValue) in Mapping(value, name).Children)
            {
                string given = Scalar(settingKey, $"a setting's name in '{name}'");
                Setting setting = Array.Find(known, one => one.IsCalled(given))
                    ?? throw Unknown("setting", $"{name}.{given}", known.Select(one => $"{name}.{one.Name}"));
                if (!IsNull(settingValue))
                {
                    values[setting.Name] = Text(settingValue, setting, $"{name}.{given}");
                }
            }
        }

        return values;
    }

    /// <summary>The scalar values of the section of any command; lists are skipped.</summary>
    internal IReadOnlyDictionary<string, string> Values(string section)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (_root.Children.FirstOrDefault(child => child.Key is YamlScalarNode { Value: { } name }
            && string.Equals(name, section, StringComparison.Ordinal)).Value is YamlMappingNode settings)
        {
            foreach ((YamlNode key, YamlNode value) in settings.Children)
            {
                if (key is YamlScalarNode { Value: { } name } && value is YamlScalarNode { Value: { } text }
                    && !IsNull(value))
                {
                    values[name] = text;
                }
            }
        }

        return values;
    }

    /// <summary>A value as a YAML scalar, quoted where YAML would otherwise read it as something else.</summary>
    internal static string Quoted(string value)
    {
        bool isPlain = value.Length > 0
            && !string.Equals(value, "null", StringComparison.OrdinalIgnoreCase)
            && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or '/' or '+')
            && (char.IsAsciiLetterOrDigit(value[0]) || value[0] is '/' or '.');
        return isPlain
            ? value
            : string.Create(CultureInfo.InvariantCulture, $"'{value.Replace("'", "''", StringComparison.Ordinal)}'");
    }

    /// <summary>
    /// A setting's text in YAML: a list if its values stand in lines, else one scalar.
    /// </summary>
    internal static string Written(Setting setting, string text)
    {
        if (setting.Separator is not '\n')
        {
            return Quoted(text);
        }

        string[] values = text.Split(setting.Separator.Value, StringSplitOptions.RemoveEmptyEntries);
        return $"[{string.Join(", ", values.Select(Quoted))}]";
    }

    /// <summary>
    /// The text of a node: a scalar, or the joined items of a list if the setting takes several values.
    /// </summary>
    private string Text(YamlNode node, Setting setting, string name) => node is YamlSequenceNode list
        && setting.Separator is { } separator
        ? string.Join(separator, list.Select(item => Scalar(item, $"each value of {name}")))
        : Scalar(node, name);

    /// <summary>Whether a node is YAML's null. A quoted text is never null.</summary>
    private static bool IsNull(YamlNode node) => node is YamlScalarNode
    {
        Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL",
    };

    private YamlMappingNode Mapping(YamlNode node, string name) => node as YamlMappingNode
        ?? throw ToolException.Usage($"{Path}: '{name}' must contain settings (line {node.Start.Line})");

    private string Scalar(YamlNode node, string what) => (node as YamlScalarNode)?.Value
        ?? throw ToolException.Usage($"{Path}: {what} must be a single plain value (line {node.Start.Line})");

    private ToolException Unknown(string kind, string name, IEnumerable<string> known) =>
        ToolException.Usage($"{Path}: no such {kind} (got '{name}'){Suggestion.For(name, known)}");
}
