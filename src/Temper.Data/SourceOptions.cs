using System.Globalization;

namespace Temper.Data;

/// <summary>Options of a data source, as name=value pairs after its name; unknown names are errors.</summary>
internal sealed class SourceOptions
{
    private readonly string _set;
    private readonly List<string> _known = [];
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    internal SourceOptions(string set, string text)
    {
        _set = set;
        foreach (string pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = pair.Split('=', 2);
            _values[sides[0]] = sides.Length == 2
                ? sides[1]
                : throw new ArgumentException(
                    $"data: {set}: '{pair}' cannot be parsed (expected NAME=NUMBER or NAME=TEXT)", nameof(text));
        }
    }

    internal int Take(string name, int defaultValue, int min, int max)
    {
        _known.Add(name);
        if (!_values.Remove(name, out string? given))
        {
            return defaultValue;
        }

        if (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
        {
            throw new ArgumentException($"data: {_set}: '{name}={given}' cannot be parsed (expected NAME=NUMBER)");
        }

        return value >= min && value <= max ? value : throw new ArgumentException(
            $"data: {_set}: {name} is out of range (got {value}, expected {min} to {max})");
    }

    /// <summary>Returns the text of an option.</summary>
    internal string TakeText(string name, string defaultValue = "")
    {
        _known.Add(name);
        return _values.Remove(name, out string? given) ? given : defaultValue;
    }

    internal void RequireAllTaken()
    {
        if (_values.Count > 0)
        {
            throw new ArgumentException(
                $"data: {_set} has no option '{_values.Keys.First()}' (expected {string.Join(", ", _known)})");
        }
    }

    internal void RequireMemory(long values)
    {
        if (values > Array.MaxLength)
        {
            throw new ArgumentException($"data: {_set} is too large (got {values} values, expected at most "
                + $"{Array.MaxLength}); ask for fewer or smaller samples");
        }
    }
}
