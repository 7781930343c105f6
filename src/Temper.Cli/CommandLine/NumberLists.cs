using System.Globalization;
using System.Text.RegularExpressions;

namespace Temper.Cli.CommandLine;

/// <summary>
/// Parses comma-separated lists of numbers and ranges. A range includes both ends: <c>1..5</c> is 1, 2, 3, 4, 5, and
/// <c>0..1..0.25</c> is 0, 0.25, 0.5, 0.75, 1. A range may be descending: <c>4..1</c>.
/// </summary>
internal static partial class NumberLists
{
    /// <summary>Largest number of values accepted in one list; more are taken for a typing error.</summary>
    internal const int MaxValues = 10_000;

    /// <summary>Parses a list of numbers.</summary>
    /// <param name="text">Comma-separated values and ranges.</param>
    /// <param name="minimum">Smallest value accepted.</param>
    /// <param name="maximum">Largest value accepted.</param>
    /// <exception cref="FormatException">The text is not a valid list; the message says what is expected.</exception>
    internal static double[] Numbers(string text, double minimum, double maximum)
    {
        string limits = maximum == double.MaxValue
            ? minimum == double.MinValue
            ? ""
            : $" of at least {minimum}"
            : $" from {minimum} to {maximum}";
        return Read(text, value => value >= minimum
            && value <= maximum, $"numbers{limits}, separated by commas, or ranges such as 0..1..0.25");
    }

    /// <summary>Parses a list of integers.</summary>
    /// <inheritdoc cref="Numbers"/>
    internal static int[] Integers(string text, int minimum)
    {
        string expected =
            $"whole numbers of at least {minimum}, separated by commas, or ranges such as 1..5 or 0..64..8";
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
                // Adding 0 turns negative zero into zero.
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
    /// The values of a range, computed with decimals: <c>0..1..0.1</c> contains 0.3, not 0.30000000000000004.
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
            throw new FormatException($"{expected}; the step must be greater than zero");
        }

        // Checked before dividing: the quotient of two decimals may not fit an int.
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
