using System.Globalization;

namespace Temper.Networks;

/// <summary>
/// Attributes of an operator by name, in ordinal order. A value is a long, a double, a string, a long[] or a double[].
/// </summary>
public sealed class OperatorAttributes
{
    private readonly SortedDictionary<string, object> _values = new(StringComparer.Ordinal);

    /// <summary>An empty set of attributes.</summary>
    public static OperatorAttributes Empty { get; } = new();

    /// <summary>The values by name.</summary>
    public IReadOnlyDictionary<string, object> Values => _values;

    /// <summary>Returns these attributes with one added or changed.</summary>
    /// <param name="name">Name of the attribute.</param>
    /// <param name="value">A long, int, bool, double, float, string, or an array of long, int, double or float.</param>
    /// <exception cref="ArgumentException">The value has another type.</exception>
    public OperatorAttributes With(string name, object value)
    {
        var result = new OperatorAttributes();
        foreach ((string key, object held) in _values)
        {
            result._values[key] = held;
        }

        result._values[name] = Plain(name, value);
        return result;
    }

    /// <summary>True if there is an attribute with the given name.</summary>
    /// <param name="name">Name of the attribute.</param>
    public bool Contains(string name) => _values.ContainsKey(name);

    /// <summary>Reads an attribute as a 32-bit integer.</summary>
    /// <param name="name">Name of the attribute.</param>
    /// <param name="absent">Value to return if the attribute is missing; null: a missing attribute is an error.</param>
    /// <exception cref="FormatException">The attribute is missing or has another type.</exception>
    public int Int(string name, int? absent = null) => Find(name) switch
    {
        long value and >= int.MinValue and <= int.MaxValue => (int)value,
        null when absent is { } value => value,
        var other => throw Wrong(name, other, "a 32-bit integer"),
    };

    /// <summary>Reads an attribute as a float; infinity and NaN may be given by name.</summary>
    /// <inheritdoc cref="Int"/>
    public float Float(string name, float? absent = null) => Find(name) switch
    {
        double value => (float)value,
        long value => value,
        "Infinity" => float.PositiveInfinity,
        "-Infinity" => float.NegativeInfinity,
        "NaN" => float.NaN,
        null when absent is { } value => value,
        var other => throw Wrong(name, other, "a number"),
    };

    /// <summary>Reads an attribute as a double.</summary>
    /// <inheritdoc cref="Int"/>
    internal double Double(string name, double absent) => Find(name) switch
    {
        double value => value,
        long value => value,
        null => absent,
        var other => throw Wrong(name, other, "a number"),
    };

    /// <summary>Reads an attribute as a string.</summary>
    /// <param name="name">Name of the attribute.</param>
    /// <returns>The string; null if the attribute is missing.</returns>
    /// <exception cref="FormatException">The attribute is not a string.</exception>
    public string? Text(string name) => Find(name) switch
    {
        string value => value,
        null => null,
        var other => throw Wrong(name, other, "a string"),
    };

    /// <summary>Reads an attribute as an enum name; the enum's default value if it is missing.</summary>
    internal TValue Choice<TValue>(string name)
        where TValue : struct, Enum => Enum.TryParse(Text(name) ?? default(TValue).ToString(), out TValue value)
            && Enum.IsDefined(value)
            ? value
            : throw new FormatException($"attribute '{name}' has an unknown value (got \"{Text(name)}\", expected one "
                + $"of {string.Join(", ", Enum.GetNames<TValue>())})");

    /// <summary>Reads an attribute as an array of 32-bit integers.</summary>
    /// <param name="name">Name of the attribute.</param>
    /// <param name="absent">Value to return if the attribute is missing; null: a missing attribute is an error.</param>
    /// <exception cref="FormatException">The attribute is missing or has another type.</exception>
    public int[] Ints(string name, int[]? absent = null) => Find(name) switch
    {
        long[] values when Array.TrueForAll(values, v => v is >= int.MinValue and <= int.MaxValue) =>
            Array.ConvertAll(values, v => (int)v),
        double[] { Length: 0 } => [],
        null when absent is not null => absent,
        var other => throw Wrong(name, other, "a list of 32-bit integers"),
    };

    /// <summary>Reads an attribute as an array of floats.</summary>
    /// <inheritdoc cref="Ints"/>
    public float[] Floats(string name, float[]? absent = null) => Find(name) switch
    {
        double[] values => Array.ConvertAll(values, v => (float)v),
        long[] values => Array.ConvertAll(values, v => (float)v),
        null when absent is not null => absent,
        var other => throw Wrong(name, other, "a list of numbers"),
    };

    private object? Find(string name) => _values.GetValueOrDefault(name);

    private static object Plain(string name, object value) => value switch
    {
        long or double or string or long[] or double[] => value,
        int number => (long)number,
        bool flag => flag ? 1L : 0L,
        float number => Widen(number),
        int[] numbers => Array.ConvertAll(numbers, v => (long)v),
        float[] numbers => Array.ConvertAll(numbers, Widen),
        _ => throw new ArgumentException(
            $"OperatorAttributes: the value of '{name}' has an unsupported type (got {value.GetType().Name}, expected "
            + "a number, a bool, a string or an array of numbers)"),
    };

    /// <summary>
    /// Converts to the double with the same shortest decimal form, so that files contain 0.1 and not 0.10000000149.
    /// </summary>
    private static double Widen(float value) =>
        double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static FormatException Wrong(string name, object? found, string expected) => new(
        $"attribute '{name}' is {(found is null ? "missing" : "of the wrong type")} (got {Shown(found)}, expected "
        + $"{expected})");

    private static string Shown(object? value) => value switch
    {
        null => "nothing",
        string text => $"\"{text}\"",
        long[] values => $"[{string.Join(", ", values)}]",
        double[] values => $"[{string.Join(", ", values.Select(number => Shown(number)))}]",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };
}
