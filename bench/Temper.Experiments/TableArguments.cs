using System.Globalization;

namespace Temper.Experiments;

/// <summary>
/// Arguments of a table, <c>name=value</c>. Names that the table does not know are refused: a misspelled one would
/// leave a default in force, which only shows after hours.
/// </summary>
internal sealed class TableArguments
{
    private readonly string _table;
    private readonly string[] _names;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Reads the arguments.</summary>
    /// <param name="table">Name of the table, for messages.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="names">All names that the table knows.</param>
    /// <exception cref="TableArgumentException">
    /// An argument has no value, an unknown name, or the name of an argument before it.
    /// </exception>
    internal TableArguments(string table, IReadOnlyList<string> arguments, params string[] names)
    {
        (_table, _names) = (table, names);
        foreach (string argument in arguments)
        {
            string[] pair = argument.Split('=', 2);
            if (pair.Length < 2)
            {
                throw new TableArgumentException(
                    $"{table}: an argument has no value (got '{argument}', expected name=value)");
            }

            if (!names.Contains(pair[0], StringComparer.Ordinal))
            {
                throw new TableArgumentException(
                    $"{table}: unknown argument (got '{pair[0]}', expected one of {string.Join(", ", names)})");
            }

            if (!_values.TryAdd(pair[0], pair[1]))
            {
                throw new TableArgumentException(
                    $"{table}: an argument is given twice (got '{pair[0]}', expected each name once)");
            }
        }
    }

    /// <summary>Returns whether an argument is given.</summary>
    internal bool Has(string name) => Given(name) is not null;

    internal string Text(string name, string defaultValue) => Given(name) ?? defaultValue;

    /// <summary>Returns one of several words; the first is the default.</summary>
    /// <exception cref="TableArgumentException">The value is none of the words.</exception>
    internal string Choice(string name, params string[] words)
    {
        string text = Text(name, words[0]);
        return words.Contains(text, StringComparer.Ordinal) ? text : throw new TableArgumentException(
            $"{_table}: unknown {name} (got '{text}', expected one of {string.Join(", ", words)})");
    }

    /// <exception cref="TableArgumentException">The value is not a whole number, 0 or more.</exception>
    internal int Count(string name, int defaultValue) =>
        Given(name) is { } text ? Whole(_table, name, text) : defaultValue;

    /// <summary>Returns whether a number, such as 0 or 1, is not zero.</summary>
    /// <exception cref="TableArgumentException">The value is not a whole number, 0 or more.</exception>
    internal bool Flag(string name, bool defaultValue) => Count(name, defaultValue ? 1 : 0) != 0;

    /// <exception cref="TableArgumentException">The value is not a finite number.</exception>
    internal double Real(string name, double defaultValue) =>
        Given(name) is { } text ? Number(name, text) : defaultValue;

    /// <summary>Returns the words of a comma-separated list.</summary>
    internal string[] List(string name, string defaultValue) =>
        Text(name, defaultValue).Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Returns a comma-separated list of whole numbers.</summary>
    /// <exception cref="TableArgumentException">A value is not a whole number, 0 or more.</exception>
    internal int[] Counts(string name, string defaultValue) =>
        [.. Text(name, defaultValue).Split(',').Select(text => Whole(_table, name, text))];

    /// <summary>Returns a comma-separated list of numbers.</summary>
    /// <exception cref="TableArgumentException">A value is not a finite number.</exception>
    internal double[] Reals(string name, string defaultValue) =>
        [.. Text(name, defaultValue).Split(',').Select(text => Number(name, text))];

    /// <summary>
    /// Returns a comma-separated list of numbers as it is written, for scales whose names contain it.
    /// </summary>
    /// <exception cref="TableArgumentException">A value is not a finite number.</exception>
    internal string RealsText(string name, string defaultValue)
    {
        _ = Reals(name, defaultValue);
        return Text(name, defaultValue);
    }

    /// <summary>Returns whether a row is in a comma-separated list; without the list, all rows are.</summary>
    internal bool Wants(string name, string row) =>
        Given(name) is not { } list || list.Split(',').Contains(row, StringComparer.Ordinal);

    /// <summary>Reads a whole number, 0 or more, which may be written as 1e4.</summary>
    /// <exception cref="TableArgumentException">The text is not such a number.</exception>
    internal static int Whole(string table, string name, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsInteger(value) && value >= 0 && value <= int.MaxValue
            ? (int)value
            : throw new TableArgumentException(
                $"{table}: {name} is not a whole number (got '{text}', expected 0 to {int.MaxValue})");

    private double Number(string name, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value)
            ? value
            : throw new TableArgumentException(
                $"{_table}: {name} is not a number (got '{text}', expected one such as 0.5 or 1e-3)");

    /// <summary>Returns the value of an argument; null: not given.</summary>
    private string? Given(string name) => _names.Contains(name, StringComparer.Ordinal)
        ? _values.GetValueOrDefault(name)
        : throw new InvalidOperationException(
            $"{_table}: {name} is read, but is not one of the table's names; add it to them");
}

/// <summary>Thrown if an argument of a table is wrong; the program prints the message and exits with 2.</summary>
internal sealed class TableArgumentException(string message) : Exception(message);
