using System.Globalization;
using System.Text;
using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>A table of numbers, usually with a column of labels, read from a text file.</summary>
/// <param name="Features">Names of the columns of numbers, at least one.</param>
/// <param name="Values">The numbers, row by row.</param>
/// <param name="Labels">The label of each row as text, with its line in the file; empty if no labels are read.</param>
internal sealed record Table(IReadOnlyList<string> Features, float[] Values, (string Text, int Line)[] Labels)
{
    private const int MaxColumns = 100_000;

    /// <summary>Number of rows.</summary>
    internal int Rows => Values.Length / Features.Count;

    /// <summary>Reads a file.</summary>
    /// <param name="path">A text file in UTF-8 whose first row names the columns.</param>
    /// <param name="columns">How the columns are read.</param>
    /// <exception cref="ModelFormatException">The file is malformed, or a value is missing or not a number.</exception>
    internal static Table Read(string path, TableColumns columns) => Read(path, reader =>
    {
        string[] names = NamesOf(reader);
        TableColumns.RequireNames(path, names, columns.Delimiter);
        int label = columns.LabelIn(path, names);
        return Read(path, reader, names, columns.FeaturesIn(path, names, label), label);
    }, columns.Delimiter);

    /// <summary>Reads the numbers of some columns, without labels.</summary>
    /// <param name="path">As in <see cref="Read(string, TableColumns)"/>.</param>
    /// <param name="delimiter">Character between two values.</param>
    /// <param name="choose">Returns the indices of the columns to read, given the names of all.</param>
    /// <exception cref="ModelFormatException">The file is malformed, or a value is missing or not a number.</exception>
    internal static Table Read(string path, char delimiter, Func<string[], int[]> choose) => Read(path, reader =>
    {
        string[] names = NamesOf(reader);
        TableColumns.RequireNames(path, names, delimiter, hasLabels: false);
        return Read(path, reader, names, choose(names), label: -1);
    }, delimiter);

    /// <summary>Reads the names of the columns only.</summary>
    /// <exception cref="ModelFormatException">The file is malformed.</exception>
    internal static string[] Names(string path, char delimiter) => Read(path, NamesOf, delimiter);

    private static string[] NamesOf(DelimitedReader reader)
    {
        List<string> row = [];
        reader.Read(row, MaxColumns);
        return [.. row];
    }

    private static T Read<T>(string path, Func<DelimitedReader, T> read, char delimiter)
    {
        try
        {
            using var text = new StreamReader(
                path, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
            if (text.Peek() == '\uFEFF')
            {
                _ = text.Read();
            }

            return read(new DelimitedReader(path, text, delimiter));
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(path, "csv: the file is not UTF-8 text; save it as UTF-8", error);
        }
    }

    /// <summary>Reads the rows after the names of the columns.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="reader">Reader of the file, after its first row.</param>
    /// <param name="names">Names of all columns.</param>
    /// <param name="features">Indices of the columns of numbers, in the order of the result.</param>
    /// <param name="label">Index of the column of labels; -1: labels are not read.</param>
    private static Table Read(string path, DelimitedReader reader, string[] names, int[] features, int label)
    {
        List<string> row = [];
        List<float> values = [];
        List<(string, int)> labels = [];
        while (reader.Read(row, names.Length))
        {
            if (row.Count < names.Length)
            {
                throw reader.Error($"the row has too few values (got {row.Count}, expected {names.Length})");
            }

            if (values.Count > Array.MaxLength - features.Length)
            {
                throw reader.Error($"the table is too large (expected at most {Array.MaxLength} values)");
            }

            foreach (int column in features)
            {
                values.Add(Number(reader, row[column], column, names));
            }

            if (label >= 0)
            {
                labels.Add((row[label].Length > 0 ? row[label] : throw Missing(reader, label, names), reader.Line));
            }
        }

        return values.Count > 0
            ? new Table([.. features.Select(column => names[column])], [.. values], [.. labels])
            : throw new ModelFormatException(
                path, "csv: the table has no rows (expected a row of column names, then data)");
    }

    private static float Number(DelimitedReader reader, string text, int column, string[] names)
    {
        if (text.Length == 0)
        {
            throw Missing(reader, column, names);
        }

        return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value)
            && float.IsFinite(value)
            ? value
            : throw reader.Error($"{Named(column, names)}: not a number (got '{Short(text)}', expected one such as "
                + $"-1.5e3); leave the column out with skip={names[column]}, or encode it as numbers");
    }

    private static ModelFormatException Missing(DelimitedReader reader, int column, string[] names) => reader.Error(
        $"{Named(column, names)}: the value is missing; fill it in, or remove the row");

    private static string Named(int column, string[] names) => $"column {column + 1} '{Short(names[column])}'";

    /// <summary>The beginning of a text from a file, for messages.</summary>
    internal static string Short(string text) => text.Length <= 40 ? text : $"{text[..40]}...";
}
