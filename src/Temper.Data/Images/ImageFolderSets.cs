namespace Temper.Data.Images;

/// <summary>Reads a folder with parts: <c>train</c>, and <c>test</c> or a name for validation.</summary>
internal static class ImageFolderSets
{
    private static readonly string[] TestNames = ["test", "val", "valid", "validation"];

    /// <summary>
    /// Reads the parts that are there; one of them may be missing and is empty then. Both have the classes of both.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">There is no part, or no picture.</exception>
    /// <exception cref="Formats.ModelFormatException">The header of a picture cannot be read.</exception>
    internal static DataSets Read(string folder, string name)
    {
        string train = Path.Combine(folder, "train");
        string? test = TestNames.Select(part => Path.Combine(folder, part)).FirstOrDefault(Directory.Exists);
        string[] roots = [.. new[] { Directory.Exists(train) ? train : null, test }.OfType<string>()];
        if (roots.Length == 0)
        {
            throw new DirectoryNotFoundException(
                $"data: {folder} holds no set (expected IDX files, CIFAR binary files, or folders train and test, or "
                + "val, with a folder of pictures per class)");
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

    /// <summary>Files in folders that are no part, such as those in <c>val</c> beside <c>test</c>.</summary>
    private static IEnumerable<UnusedSamples> Besides(string folder, string[] roots) =>
        Directory.GetDirectories(folder)
            .Where(other => !roots.Contains(other, StringComparer.Ordinal) && Path.GetFileName(other)[0] != '.')
            .Order(StringComparer.Ordinal)
            .SelectMany(other => PictureSearch.AllIn(
                other, folder, $"the folder '{Path.GetFileName(other)}' is no part that is read "
                    + $"({string.Join(" and ", roots.Select(root => Path.GetFileName(root)))} are)"));
}
