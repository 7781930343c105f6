using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>Rows of a table without labels, to predict.</summary>
/// <param name="Columns">Names of the columns that are read, in the order of the values of a sample.</param>
/// <param name="Samples">The rows as samples <c>[D]</c>, without labels.</param>
/// <param name="AreNamed">
/// Whether the columns were found by the names in the table that the network was trained on; if not, they have the
/// order of the file.
/// </param>
public sealed record TableRows(IReadOnlyList<string> Columns, Dataset Samples, bool AreNamed)
{
    /// <summary>Returns the path of the table that a text names; null: it does not name a table.</summary>
    /// <param name="specification">Name of a .csv or .tsv file, with or without options.</param>
    public static string? PathOf(string specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        string path = DataSource.WithOptions(specification).Path;
        return TableSets.IsTable(path) ? path : null;
    }

    /// <summary>Reads rows.</summary>
    /// <param name="specification">
    /// A file, as <c>rows.csv?label=NAME&amp;skip=A,B&amp;delimiter=comma</c>; every option may be left out. The
    /// columns <c>label</c> and <c>skip</c> are not read.
    /// </param>
    /// <param name="trained">
    /// The text with which <see cref="DataSource.Open"/> opened the table that the network was trained on; null: not
    /// known. If its file exists, the columns are found by the names in it, in any order, and no other columns are
    /// read. If not, all columns are read except those that either text leaves out.
    /// </param>
    /// <exception cref="ArgumentException">An option cannot be used.</exception>
    /// <exception cref="ModelFormatException">A file is malformed, or a column is missing.</exception>
    public static TableRows Read(string specification, string? trained = null)
    {
        ArgumentNullException.ThrowIfNull(specification);
        string? trainedPath = trained is null ? null : PathOf(trained);
        TableColumns? own = trainedPath is null ? null : TableSets.ColumnsOf(
            trainedPath, new SourceOptions("csv", DataSource.WithOptions(trained!).Pairs));
        (string path, string pairs) = DataSource.WithOptions(specification);
        var options = new SourceOptions("csv", pairs);
        TableColumns given = TableSets.ColumnsOf(path, options, own);
        options.RequireAllTaken();
        string[]? features = own is not null && File.Exists(trainedPath) ? FeaturesOf(trainedPath, own) : null;
        Table table = Table.Read(path, given.Delimiter, names => features is null
            ? Left(path, names, given, own)
            : Named((path, trainedPath!), names, features));
        return new TableRows(
            table.Features, new TableDataset(TableSets.NameOf(path), table, classes: null), features is not null);
    }

    /// <summary>Names of the columns of numbers of the table that the network was trained on.</summary>
    private static string[] FeaturesOf(string path, TableColumns columns)
    {
        string[] names = Table.Names(path, columns.Delimiter);
        TableColumns.RequireNames(path, names, columns.Delimiter);
        return [.. columns.FeaturesIn(path, names, columns.LabelIn(path, names)).Select(column => names[column])];
    }

    /// <summary>Indices of columns by name.</summary>
    private static int[] Named((string Rows, string Trained) paths, string[] names, string[] features)
    {
        string? missing = Array.Find(features, name => Array.IndexOf(names, name) < 0);
        string fix = names.Length == 1 ? "; another delimiter is set with delimiter=semicolon, tab or pipe" : "";
        return missing is null
            ? [.. features.Select(name => Array.IndexOf(names, name))]
            : throw new ModelFormatException(
                paths.Rows, $"csv: column '{Table.Short(missing)}' is missing (got {TableColumns.Shown(names)}, "
                    + $"expected the columns of {paths.Trained}: {TableColumns.Shown(features)}){fix}");
    }

    /// <summary>Indices of all columns besides those that are left out.</summary>
    private static int[] Left(string path, string[] names, TableColumns given, TableColumns? own)
    {
        string[] asked = [.. given.Skipped, .. given.Label.Length > 0 ? [given.Label] : Array.Empty<string>()];
        foreach (string name in asked)
        {
            TableColumns.IndexIn(path, names, name);
        }

        HashSet<string> left = new(asked, StringComparer.Ordinal);
        left.UnionWith(own is null ? [] : [own.Label, .. own.Skipped]);
        int[] columns = [.. Enumerable.Range(0, names.Length).Where(i => !left.Contains(names[i]))];
        return columns.Length > 0
            ? columns
            : throw new ModelFormatException(path, "csv: no column is left (expected numbers)");
    }
}
