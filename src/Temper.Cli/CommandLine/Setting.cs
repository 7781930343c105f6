using System.CommandLine;
using System.Globalization;

namespace Temper.Cli.CommandLine;

/// <summary>
/// A setting of a command. It can be given as a flag (<c>--epochs</c>), in a configuration file (<c>train: epochs:</c>)
/// or as an environment variable (<c>TEMPER_TRAIN__EPOCHS</c>). All three give text, which <see cref="Read"/> parses.
/// </summary>
internal abstract class Setting(string name, string help)
{
    internal string Name { get; } = name;

    internal string Help { get; } = help;

    /// <summary>True for a positional argument.</summary>
    internal bool IsPositional { get; init; }

    /// <summary>True for settings that affect only the output; they are not read from configuration files.</summary>
    internal bool IsAboutOutput { get; init; }

    /// <summary>What is written to the path that is the setting's value; null: the value is no output path.</summary>
    internal OutputKind? Writes { get; init; }

    /// <summary>True for a flag without a value.</summary>
    internal bool IsSwitch { get; init; }

    /// <summary>
    /// True for a flag that may be repeated. Its text has all values with <see cref="Separator"/> between them. If that
    /// is a line end, the flag also takes several values; with a comma, one value may contain several.
    /// </summary>
    internal bool IsList { get; init; }

    /// <summary>
    /// Separator between the values of a setting with several values, which a configuration file may give as a list;
    /// null: the setting has one value.
    /// </summary>
    internal char? Separator { get; init; }

    internal string? ShortFlag { get; init; }

    /// <summary>Alternative flags with the same meaning, known from other tools.</summary>
    internal IReadOnlyList<string> Aliases { get; private protected set; } = [];

    /// <summary>Whether a name in a configuration file is the name of this setting or one of its aliases.</summary>
    internal bool IsCalled(string name) => string.Equals(Name, name, StringComparison.Ordinal)
        || Aliases.Contains($"--{name}", StringComparer.Ordinal);

    /// <summary>Completion candidates; called only for shell completion.</summary>
    internal Func<IEnumerable<string>>? Words { get; init; }

    internal string Flag => $"--{Name}";

    /// <summary>The setting as the command line shows it: the flag, or the name of a positional argument.</summary>
    internal string Shown => IsPositional ? Name.ToUpperInvariant() : Flag;

    internal abstract string? DefaultText { get; }

    /// <summary>Parses a value.</summary>
    /// <param name="text">The text given; null: the default value.</param>
    /// <param name="origin">Where the text was given, for error messages.</param>
    internal abstract object? Read(string? text, string origin);

    internal string EnvironmentName(string section) => $"TEMPER_{section}__{Name}".Replace('-', '_').ToUpperInvariant();

    internal Option<string[]?> ToListOption() => Completed(new Option<string[]?>(Flag, [.. Aliases])
    {
        Description = Described,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = Separator is '\n',
        HelpName = Name,
    });

    internal Option<string?> ToOption()
    {
        string[] aliases = ShortFlag is null ? [.. Aliases] : [ShortFlag, .. Aliases];
        return Completed(new Option<string?>(Flag, aliases)
        {
            Description = IsSwitch ? Help : Described,
            Arity = IsSwitch ? ArgumentArity.Zero : ArgumentArity.ExactlyOne,
            HelpName = IsSwitch ? null : Name,
        });
    }

    private string Described => DefaultText is { Length: > 0 } text ? $"{Help} [default: {text}]" : Help;

    private T Completed<T>(T option)
        where T : Option
    {
        if (Words is { } words)
        {
            option.CompletionSources.Add(_ => words());
        }

        return option;
    }

    internal Argument<string?> ToArgument()
    {
        var argument = new Argument<string?>(Name)
        {
            Description = Help,
            Arity = ArgumentArity.ZeroOrOne,
            HelpName = Name.ToUpperInvariant(),
        };
        if (Words is { } words)
        {
            argument.CompletionSources.Add(_ => words());
        }

        return argument;
    }

    internal static Setting<int> Integer(
        string name, string help, int defaultValue, int minimum = 1, params IReadOnlyList<string> aliases) => new(name,
        help, defaultValue, text =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            && value >= minimum
            ? value
            : throw new FormatException($"a whole number of at least {minimum}"))
    {
        Aliases = aliases,
    };

    internal static Setting<int[]> Integers(string name, string help, int[] defaultValue, int minimum = 1) =>
        new(name, help, defaultValue, text => NumberLists.Integers(text, minimum)) { Separator = ',' };

    internal static Setting<double[]> Numbers(
        string name, string help, double[] defaultValue, double minimum = double.MinValue,
        double maximum = double.MaxValue) =>
        new(name, help, defaultValue, text => NumberLists.Numbers(text, minimum, maximum)) { Separator = ',' };

    /// <summary>
    /// A duration with units. <c>none</c> overrides a value from a configuration file or an environment variable.
    /// </summary>
    internal static Setting<TimeSpan?> OptionalDuration(string name, string help) =>
        new(name, help, null, text => text is "none" ? null : Durations.Parse(text)) { Words = () => ["none"] };

    internal static Setting<ulong> Seed() =>
        new("seed", "Seed of all random numbers; same seed, same bytes", 1UL, text =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new FormatException("a whole number of at least 0"));

    internal static Setting<double> Number(
        string name, string help, double defaultValue, double minimum = 0, double maximum = double.MaxValue) =>
        new(name, help, defaultValue, text => ReadNumber(text, minimum, maximum));

    internal static Setting<double?> OptionalNumber(
        string name, string help, double minimum = 0, double maximum = double.MaxValue,
        params IReadOnlyList<string> aliases) =>
        new(name, help, null, text => ReadNumber(text, minimum, maximum)) { Aliases = aliases };

    /// <summary>A percentage. A number of at most 1 is refused, since a fraction is most likely meant.</summary>
    internal static Setting<double?> OptionalPercentage(string name, string help) => new(name, help, null, text =>
    {
        double value = ReadNumber(text, 0, 100);
        return value is > 0 and <= 1
            ? throw new FormatException("a percentage from 0 to 100, not a fraction: 99 for 99 %")
            : value;
    });

    internal static Setting<string> Text(string name, string help, string defaultValue) =>
        new(name, help, defaultValue, text => text);

    internal static Setting<string?> OptionalText(string name, string help) => new(name, help, null, text => text);

    /// <summary>Path of an output; checked before the command runs (<see cref="OutputPath"/>).</summary>
    internal static Setting<string?> Output(string name, string help, OutputKind kind) =>
        new(name, help, null, text => text) { Writes = kind };

    internal static Setting<IReadOnlyList<string>> List(string name, string help) =>
        new(name, help, [], text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            IsList = true, Separator = '\n',
        };

    /// <summary>
    /// A <see cref="List"/> of names that cannot contain commas, such as those of attacks, layers and parameters; they
    /// may also be separated by commas.
    /// </summary>
    internal static Setting<IReadOnlyList<string>> Names(string name, string help) => new(name, help, [], text =>
    {
        string[] names = text.Split(['\n', ','], StringSplitOptions.TrimEntries);
        return text.Length == 0
            ? []
            : names.Contains("", StringComparer.Ordinal)
            ? throw new FormatException("names, separated by commas")
            : names;
    })
    {
        IsList = true, Separator = '\n',
    };

    internal static Setting<string?> Positional(string name, string help) =>
        new(name, help, null, text => text) { IsPositional = true };

    internal static Setting<string> Choice(string name, string help, string defaultValue, params string[] choices) =>
        new(name, help, defaultValue, text =>
        choices.Contains(text, StringComparer.Ordinal)
            ? text
            : throw new FormatException($"one of {string.Join(", ", choices)}{Suggestion.For(text, choices)}"))
    {
        Words = () => choices,
    };

    internal static Setting<bool> Switch(string name, string help) =>
        new(name, help, defaultValue: false, ReadSwitch) { IsSwitch = true };

    /// <summary>Whether a text turns a switch on; false for a text that <see cref="ReadSwitch"/> refuses.</summary>
    internal static bool IsOn(string? text) => text?.ToLowerInvariant() is "true" or "1";

    internal static bool ReadSwitch(string text) => text.ToLowerInvariant() switch
    {
        "false" or "0" => false,
        _ => IsOn(text) ? true : throw new FormatException("true or false"),
    };

    private static double ReadNumber(string text, double minimum, double maximum) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && value >= minimum
            && value <= maximum
            ? value
            : throw new FormatException(
                maximum == double.MaxValue
                    ? $"a number of at least {minimum}"
                    : $"a number from {minimum} to {maximum}");
}

/// <summary>A setting with a typed value.</summary>
/// <param name="name">Name in lower case with hyphens.</param>
/// <param name="help">One line of help.</param>
/// <param name="defaultValue">Value if nothing is given.</param>
/// <param name="read">
/// Parses the text; throws <see cref="FormatException"/> with the expected form as its message.
/// </param>
internal sealed class Setting<T>(string name, string help, T defaultValue, Func<string, T> read) : Setting(name, help)
{
    /// <summary>Adds alternative flags and returns this setting.</summary>
    internal Setting<T> AlsoCalled(params IReadOnlyList<string> flags)
    {
        Aliases = [.. Aliases, .. flags];
        return this;
    }

    internal override string? DefaultText => Show(defaultValue);

    internal override object? Read(string? text, string origin)
    {
        if (text is null)
        {
            return defaultValue;
        }

        try
        {
            return read(text);
        }
        catch (FormatException error)
        {
            throw ToolException.Usage($"{origin}: cannot be used (got '{text}', expected {error.Message})");
        }
    }

    private static string? Show(T value) => value switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        IReadOnlyList<string> => "",
        double[] numbers => string.Join(',', numbers),
        int[] numbers => string.Join(',', numbers),
        TimeSpan duration => Durations.Show(duration),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
