using System.Globalization;

namespace Temper.Data.Images;

/// <summary>
/// Reads a folder of pictures with subfolders <c>train</c> and <c>test</c> (or a validation folder), or divides the
/// pictures of one folder.
/// </summary>
internal static class ImageFolderSets
{
    /// <summary>
    /// Reads the sets of a folder. If one of the two is missing, it is empty. Both sets have the classes found in
    /// either.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Short name for logs and reports.</param>
    /// <param name="pairs">
    /// Options that divide pictures which have no test set: <c>test=0.2&amp;seed=1</c>; empty: the folder is divided.
    /// </param>
    /// <exception cref="ArgumentException">An option cannot be used.</exception>
    /// <exception cref="DirectoryNotFoundException">There is neither set, or there are no pictures.</exception>
    /// <exception cref="Formats.ModelFormatException">The header of a picture cannot be read.</exception>
    internal static DataSets Read(string folder, string name, string pairs)
    {
        string train = Path.Combine(folder, "train");
        string? test = DataSets.TestNames.Select(part => Path.Combine(folder, part)).FirstOrDefault(Directory.Exists);
        if (pairs.Length > 0)
        {
            return Divided((folder, train, test), name, pairs);
        }

        string[] roots = [.. new[] { Directory.Exists(train) ? train : null, test }.OfType<string>()];
        if (roots.Length == 0)
        {
            throw new DirectoryNotFoundException(
                $"data: {folder} contains no data set (expected IDX files, CIFAR binary files, or folders train and "
                    + "test, or val, with a folder of pictures per class); if it has a folder of pictures per class "
                    + $"itself, '{folder}?test=0.2' holds out a fifth of them as test samples");
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
    /// Divides the pictures of a folder with one folder per class, which may be <c>train</c>, in training and test
    /// samples.
    /// </summary>
    private static DataSets Divided((string Top, string Train, string? Test) folders, string name, string pairs)
    {
        var options = new SourceOptions("pictures", pairs);
        string text = options.TakeText("test", "0.2");
        int seed = options.Take("seed", 1, min: 0, max: int.MaxValue);
        options.RequireAllTaken();
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            || share is not (>= 0 and < 1))
        {
            throw new ArgumentException(
                $"data: pictures: test is out of range (got {text}, expected a share from 0 to below 1)");
        }

        // Folders named train or test without folders in them are classes.
        if (IsSet(folders.Test))
        {
            throw new ArgumentException($"data: pictures: {folders.Test} holds the test samples already (got "
                + $"'{pairs}'); leave the options out");
        }

        bool isTrain = IsSet(folders.Train);
        var all = new ImageFolder(isTrain ? folders.Train : folders.Top, name);
        return TestShare.Split(all, share, seed) with
        {
            Unused = [.. all.Unused, .. isTrain ? Besides(folders.Top, [folders.Train]) : []],
        };
    }

    private static bool IsSet(string? folder) =>
        Directory.Exists(folder) && PictureSearch.ClassesOf(folder).Length > 0;

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
