using System.Globalization;
using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>How the columns of a table are read.</summary>
/// <param name="Label">Name of the column of labels; empty: the last column.</param>
/// <param name="Skipped">Names of columns that are not read.</param>
/// <param name="Delimiter">Character between two values.</param>
internal sealed record TableColumns(string Label, IReadOnlyList<string> Skipped, char Delimiter)
{
    /// <summary>Throws if the first row does not name the columns.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="names">The first row.</param>
    /// <param name="delimiter">Character between two values.</param>
    /// <param name="hasLabels">Whether a column of labels is needed besides those of numbers.</param>
    internal static void RequireNames(string path, string[] names, char delimiter, bool hasLabels = true)
    {
        if (names.Length < (hasLabels ? 2 : 1))
        {
            string found = names.Length == 0 ? "the file is empty" : $"only one column, '{Table.Short(names[0])}'";
            throw new ModelFormatException(path, $"csv: {found} (expected numbers and a label, separated by "
                + $"{(delimiter == '\t' ? "a tab" : $"'{delimiter}'")}); another delimiter is set with "
                + "delimiter=semicolon, tab or pipe");
        }

        if (Array.TrueForAll(names, name => double.TryParse(name, CultureInfo.InvariantCulture, out _)))
        {
            throw new ModelFormatException(
                path, "csv: the first row has only numbers (expected the names of the columns); add a row of names");
        }

        if (Array.IndexOf(names, "") is >= 0 and int at)
        {
            throw new ModelFormatException(
                path, $"csv: column {at + 1} has no name; name it, or, if it numbers the rows, remove it");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (Array.Find(names, name => !seen.Add(name)) is { } twice)
        {
            throw new ModelFormatException(
                path, $"csv: two columns have the same name ('{Table.Short(twice)}'); rename one of them");
        }
    }

    /// <summary>Index of the column of labels.</summary>
    internal int LabelIn(string path, string[] names) =>
        Label.Length > 0 ? IndexIn(path, names, Label) : names.Length - 1;

    /// <summary>Indices of the columns of numbers: all but the labels and the skipped ones.</summary>
    internal int[] FeaturesIn(string path, string[] names, int label)
    {
        int[] skipped = [.. Skipped.Select(name => IndexIn(path, names, name))];
        if (Array.IndexOf(skipped, label) >= 0)
        {
            throw new ModelFormatException(
                path, $"csv: the column of labels cannot be skipped ('{Table.Short(names[label])}')");
        }

        int[] features = [.. Enumerable.Range(0, names.Length).Where(i => i != label && !skipped.Contains(i))];
        return features.Length > 0
            ? features
            : throw new ModelFormatException(path, "csv: no column is left besides the labels (expected numbers)");
    }

    internal static int IndexIn(string path, string[] names, string name)
    {
        int at = Array.IndexOf(names, name);
        return at >= 0 ? at : throw new ModelFormatException(
            path, $"csv: no column has this name (got '{name}', expected one of {Shown(names)})");
    }

    /// <summary>The first names of columns, for messages.</summary>
    internal static string Shown(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(20).Select(Table.Short)) + (names.Count > 20 ? ", ..." : "");
}
