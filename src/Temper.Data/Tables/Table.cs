using System.Globalization;
using System.Text;
using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>A table of numbers with a column of labels, read from a text file.</summary>
/// <param name="Features">Names of the columns of numbers.</param>
/// <param name="Values">The numbers, row by row.</param>
/// <param name="Labels">The label of each row as text, with its line in the file.</param>
internal sealed record Table(IReadOnlyList<string> Features, float[] Values, (string Text, int Line)[] Labels)
{
    private const int MaxColumns = 100_000;

    /// <summary>Reads a file.</summary>
    /// <param name="path">A text file in UTF-8 whose first row names the columns.</param>
    /// <param name="columns">How the columns are read.</param>
    /// <exception cref="ModelFormatException">The file is malformed, or a value is missing or not a number.</exception>
    internal static Table Read(string path, TableColumns columns)
    {
        try
        {
            using var text = new StreamReader(
                path, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
            if (text.Peek() == '\uFEFF')
            {
                _ = text.Read();
            }

            return Read(path, new DelimitedReader(path, text, columns.Delimiter), columns);
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(path, "csv: the file is not UTF-8 text; save it as UTF-8", error);
        }
    }

    private static Table Read(string path, DelimitedReader reader, TableColumns columns)
    {
        List<string> row = [];
        reader.Read(row, MaxColumns);
        string[] names = [.. row];
        TableColumns.RequireNames(path, names, columns.Delimiter);
        int label = columns.LabelIn(path, names);
        bool[] isFeature = columns.FeaturesIn(path, names, label);
        int features = isFeature.Count(feature => feature);
        List<float> values = [];
        List<(string, int)> labels = [];
        while (reader.Read(row, names.Length))
        {
            if (row.Count < names.Length)
            {
                throw reader.Error($"the row has too few values (got {row.Count}, expected {names.Length})");
            }

            if (values.Count > Array.MaxLength - features)
            {
                throw reader.Error($"the table is too large (expected at most {Array.MaxLength} values)");
            }

            for (int i = 0; i < names.Length; i++)
            {
                if (isFeature[i])
                {
                    values.Add(Number(reader, row[i], i, names));
                }
            }

            labels.Add((row[label].Length > 0 ? row[label] : throw Missing(reader, label, names), reader.Line));
        }

        return labels.Count > 0
            ? new Table([.. names.Where((_, i) => isFeature[i])], [.. values], [.. labels])
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
