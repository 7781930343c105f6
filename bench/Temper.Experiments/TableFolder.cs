namespace Temper.Experiments;

/// <summary>A folder of results of a table.</summary>
internal static class TableFolder
{
    /// <summary>
    /// Creates the folder if needed, and records what its results are of, so that results of something else are never
    /// added to them. A folder without such a record takes the given one.
    /// </summary>
    /// <param name="table">Name of the table, for messages.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="scale">What the results depend on and the name of the folder does not say.</param>
    /// <returns>The full path of the folder.</returns>
    /// <exception cref="TableArgumentException">The folder has results of another scale.</exception>
    internal static string Claim(string table, string folder, string scale)
    {
        string full = Directory.CreateDirectory(folder).FullName, path = Path.Combine(full, "scale.txt");
        string before = File.Exists(path) ? File.ReadAllText(path) : scale;
        if (!string.Equals(before, scale, StringComparison.Ordinal))
        {
            throw new TableArgumentException(
                $"{table}: {full} has results of another scale (got {scale}, expected {before}); set another folder=");
        }

        File.WriteAllText(path, scale);
        return full;
    }
}
