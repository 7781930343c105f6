namespace Temper.Data.Images;

/// <summary>Reads a folder of pictures with subfolders <c>train</c> and <c>test</c> (or a validation folder).</summary>
internal static class ImageFolderSets
{
    /// <summary>
    /// Reads the sets of a folder. If one of the two is missing, it is empty. Both sets have the classes found in
    /// either.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">There is neither set, or there are no pictures.</exception>
    /// <exception cref="Formats.ModelFormatException">The header of a picture cannot be read.</exception>
    internal static DataSets Read(string folder, string name)
    {
        string train = Path.Combine(folder, "train");
        string? test = DataSets.TestNames.Select(part => Path.Combine(folder, part)).FirstOrDefault(Directory.Exists);
        string[] roots = [.. new[] { Directory.Exists(train) ? train : null, test }.OfType<string>()];
        if (roots.Length == 0)
        {
            throw new DirectoryNotFoundException(
                $"data: {folder} contains no data set (expected IDX files, CIFAR binary files, or folders train and "
                    + "test, or val, with a folder of pictures per class)");
        }

        string[] classes = [.. roots.SelectMany(PictureSearch.ClassesOf).Distinct(StringComparer.Ordinal).Order(
            StringComparer.Ordinal)];
        PictureSearch[] found = [.. roots.Select(root => PictureSearch.In(root, folder, classes))];
        int channels = found.Max(part => part.Channels);
        ImageFolder[] parts = [.. found.Select(part => new ImageFolder(name, classes, part, channels))];
        UnusedSamples[] unused = [.. parts.SelectMany(part => part.Unused), .. Besides(folder, roots)];
        ImageFolder some = parts.FirstOrDefault(part => part.Count > 0)
            ?? throw PictureSearch.NoPictures(roots[0], unused);
        return new DataSets(Part(train), Part(test)) { Unused = unused };

        Dataset Part(string? root) =>
            Array.IndexOf(roots, root) is >= 0 and var i && parts[i].Count > 0 ? parts[i] : some.Take(0);
    }

    /// <summary>
    /// Pictures in subfolders that are not read as a set, for example <c>val</c> if <c>test</c> is used; reported as
    /// unused.
    /// </summary>
    private static IEnumerable<UnusedSamples> Besides(string folder, string[] roots) =>
        Directory.GetDirectories(folder)
            .Where(other => !roots.Contains(other, StringComparer.Ordinal) && Path.GetFileName(other)[0] != '.')
            .Order(StringComparer.Ordinal)
            .SelectMany(other => PictureSearch.AllIn(
                other, folder, $"the folder '{Path.GetFileName(other)}' is not read "
                    + $"(only {string.Join(" and ", roots.Select(root => Path.GetFileName(root)))})"));
}
