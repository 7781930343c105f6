using System.Globalization;
using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>The classes of the labels of one or more tables.</summary>
/// <param name="Names">Names of the classes, in the order of their indices.</param>
/// <param name="IsNumbered">Whether the labels are indices of classes; if not, they are names.</param>
internal sealed record TableClasses(IReadOnlyList<string> Names, bool IsNumbered)
{
    private const int MaxClasses = 100_000;

    /// <summary>
    /// If all labels are whole numbers from 0, they are indices; if not, they are names, and the classes are in ordinal
    /// order. Numbers with a fraction are values to predict, not classes, and are refused.
    /// </summary>
    internal static TableClasses Of(IReadOnlyList<(string Path, Table Table)> tables)
    {
        double[] numbers = [.. tables.SelectMany(one => one.Table.Labels).Select(label => NumberOf(label.Text))];
        if (!Array.TrueForAll(numbers, double.IsFinite) || Array.Exists(numbers, number => number < 0))
        {
            string[] names = [.. tables.SelectMany(one => one.Table.Labels).Select(label => label.Text)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            return names.Length <= MaxClasses
                ? new TableClasses(names, IsNumbered: false)
                : throw new ModelFormatException(
                    tables[0].Path, $"csv: too many classes (got {names.Length}, expected at most {MaxClasses})");
        }

        foreach ((string path, Table table) in tables)
        {
            foreach ((string text, int line) in table.Labels)
            {
                if (NumberOf(text) is var number && (number != Math.Floor(number) || number >= MaxClasses))
                {
                    throw new ModelFormatException(path, $"csv: line {line}: the label is not a class (got "
                        + $"'{Table.Short(text)}', expected a name, or a whole number from 0 to {MaxClasses - 1}); the "
                        + "column of labels is set with label=NAME");
                }
            }
        }

        return new TableClasses(
            [.. Enumerable.Range(0, (int)numbers.Max() + 1).Select(i => i.ToString(CultureInfo.InvariantCulture))],
            IsNumbered: true);
    }

    /// <summary>The index of the class of each row.</summary>
    internal long[] IndicesOf(Table table)
    {
        if (IsNumbered)
        {
            return [.. table.Labels.Select(label => (long)NumberOf(label.Text))];
        }

        var indices = Names.Index().ToDictionary(name => name.Item, name => (long)name.Index, StringComparer.Ordinal);
        return [.. table.Labels.Select(label => indices[label.Text])];
    }

    private static double NumberOf(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : double.NaN;
}
