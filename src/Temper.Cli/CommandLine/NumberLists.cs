using System.Globalization;
using System.Text.RegularExpressions;

namespace Temper.Cli.CommandLine;

/// <summary>
/// Lists of numbers: values and ranges with commas between them. A range is written as in a shell, both ends included:
/// <c>1..5</c> is 1, 2, 3, 4, 5, and <c>0..1..0.25</c> is 0, 0.25, 0.5, 0.75, 1. It may run down: <c>4..1</c>.
/// </summary>
internal static partial class NumberLists
{
    /// <summary>More values than this are a slip of the pen.</summary>
    internal const int MaxValues = 10_000;

    /// <summary>Reads a list.</summary>
    /// <param name="text">One or more values or ranges.</param>
    /// <param name="minimum">The least value that is accepted.</param>
    /// <param name="maximum">The largest.</param>
    /// <exception cref="FormatException">It is no such list; the message says what is expected.</exception>
    internal static double[] Numbers(string text, double minimum, double maximum)
    {
        string limits = maximum == double.MaxValue
            ? minimum == double.MinValue
            ? ""
            : $" from {minimum} on"
            : $" from {minimum} to {maximum}";
        return Read(text, value => value >= minimum
            && value <= maximum, $"numbers{limits} with commas between them, or ranges such as 0..1..0.25");
    }

    /// <summary>Reads a list of whole numbers.</summary>
    /// <inheritdoc cref="Numbers"/>
    internal static int[] Integers(string text, int minimum)
    {
        string expected =
            $"whole numbers from {minimum} on with commas between them, or ranges such as 1..5 or 0..64..8";
        return [.. Read(text, value => value >= minimum
            && value <= int.MaxValue && double.IsInteger(value), expected).Select(value => (int)value)];
    }

    private static double[] Read(string text, Func<double, bool> isValid, string expected)
    {
        var values = new List<double>();
        foreach (string part in text.Split(','))
        {
            if (part.Contains("..", StringComparison.Ordinal))
            {
                // + 0: no negative zero
                values.AddRange(Range(part, expected, MaxValues - values.Count).Select(value => (double)value + 0));
            }
            else
            {
                values.Add(One(part, expected));
            }
        }

        return values.Count > MaxValues
            ? throw TooMany()
            : values.All(isValid)
            ? [.. values]
            : throw new FormatException(expected);
    }

    private static double One(string text, string expected) =>
        Number().IsMatch(text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value)
            ? value
            : throw new FormatException(expected);

    /// <summary>
    /// The values of a range, in decimal arithmetic: 0..1..0.1 has 0.3 in it, not 0.30000000000000004.
    /// </summary>
    private static IEnumerable<decimal> Range(string text, string expected, int max)
    {
        string[] parts = text.Split("..");
        decimal[] ends = [.. parts.Select(part => Exact(part, expected))];
        if (ends.Length is not (2 or 3))
        {
            throw new FormatException(expected);
        }

        decimal step = ends.Length == 3 ? ends[2] : 1;
        if (step <= 0)
        {
            throw new FormatException($"{expected}; a step is more than zero");
        }

        // Below the limit, so that the quotient of any two decimals can be counted.
        decimal distance = Math.Abs(ends[1] - ends[0]);
        return distance > step * max
            ? throw TooMany()
            : Steps(ends[0], ends[1] < ends[0] ? -step : step, (int)(distance / step));
    }

    private static IEnumerable<decimal> Steps(decimal first, decimal step, int count) =>
        Enumerable.Range(0, count + 1).Select(i => first + (i * step));

    private static decimal Exact(string text, string expected) =>
        Number().IsMatch(text)
            && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value)
            && Math.Abs(value) <= 1e18m
            ? value
            : throw new FormatException(expected);

    private static FormatException TooMany() => new($"at most {MaxValues} values");

    [GeneratedRegex(
        @"^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Number();
}
