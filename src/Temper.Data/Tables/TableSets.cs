using System.Globalization;
using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>Reads a table of numbers with labels as a training set and a test set.</summary>
internal static class TableSets
{
    private const string DefaultShare = "0.2";

    /// <summary>Whether a path names a table.</summary>
    internal static bool IsTable(string path) => !Directory.Exists(path)
        && (IsTabbed(path) || path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads a file with its options; see <see cref="DataSource.Open"/>.</summary>
    /// <exception cref="DataUnavailableException">A file does not exist.</exception>
    /// <exception cref="ArgumentException">An option cannot be used.</exception>
    /// <exception cref="ModelFormatException">A file is malformed.</exception>
    internal static DataSets Read(string path, string pairs)
    {
        var options = new SourceOptions("csv", pairs);
        TableColumns columns = ColumnsOf(path, options);
        string test = options.TakeText("test", DefaultShare), scale = options.TakeText("scale", "none");
        int seed = options.Take("seed", 1, min: 0, max: int.MaxValue);
        options.RequireAllTaken();
        if (scale is not ("none" or "standard"))
        {
            throw new ArgumentException($"data: csv: unknown scale (got '{scale}', expected none or standard)");
        }

        DataSets sets = double.TryParse(test, NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            ? Split(path, columns, share, seed)
            : Both(path, test, columns);
        return scale is "standard" ? sets with { Scaling = ColumnScaling.Of(path, sets.Train) } : sets;
    }

    /// <summary>Takes the options that say how the columns are read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Options given for it.</param>
    /// <param name="usual">Columns of a similar file, whose delimiter is the default; null: none.</param>
    internal static TableColumns ColumnsOf(string path, SourceOptions options, TableColumns? usual = null)
    {
        string delimiter = IsTabbed(path) ? "tab"
            : usual is null or { Delimiter: '\t' } ? "comma"
            : $"{usual.Delimiter}";
        return new TableColumns(
            options.TakeText("label"),
            options.TakeText("skip").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            Delimiter(options.TakeText("delimiter", delimiter)));
    }

    private static DataSets Split(string path, TableColumns columns, double share, int seed)
    {
        if (share is not (>= 0 and < 1))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"data: csv: test is out of range (got {share}, expected a share from 0 to below 1, or a file)"));
        }

        Table table = Open(path, columns);
        var all = new TableDataset(NameOf(path), table, TableClasses.Of([(path, table)]));
        return TestShare.Split(all, share, seed);
    }

    private static DataSets Both(string path, string testPath, TableColumns columns)
    {
        Table train = Open(path, columns), test = Open(testPath, columns);
        if (!train.Features.SequenceEqual(test.Features, StringComparer.Ordinal))
        {
            throw new ModelFormatException(testPath, $"csv: the columns differ from those of {path} (got "
                + $"{TableColumns.Shown(test.Features)}, expected {TableColumns.Shown(train.Features)})");
        }

        var classes = TableClasses.Of([(path, train), (testPath, test)]);
        return new DataSets(
            new TableDataset(NameOf(path), train, classes), new TableDataset(NameOf(testPath), test, classes));
    }

    private static Table Open(string path, TableColumns columns) => File.Exists(path)
        ? Table.Read(path, columns)
        : throw new DataUnavailableException($"data: the table does not exist: '{path}'");

    private static char Delimiter(string text) => text switch
    {
        "comma" or "," => ',',
        "semicolon" or ";" => ';',
        "tab" or "\t" => '\t',
        "pipe" or "|" => '|',
        _ => throw new ArgumentException(
            $"data: csv: unknown delimiter (got '{text}', expected comma, semicolon, tab or pipe)"),
    };

    private static bool IsTabbed(string path) => path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);

    internal static string NameOf(string path) => Path.GetFileNameWithoutExtension(path);
}
