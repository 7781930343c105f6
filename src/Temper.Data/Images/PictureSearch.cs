namespace Temper.Data.Images;

/// <summary>A picture file that is used as a sample.</summary>
internal sealed record PictureEntry(string Path, int Label, int Width, int Height);

/// <summary>
/// Finds the pictures in a folder with one folder per class; lists all other files as unused, with reasons.
/// </summary>
internal sealed record PictureSearch(PictureEntry[] Files, IReadOnlyList<UnusedSamples> Unused, int Channels)
{
    /// <summary>
    /// Depth of the class folders. One that may not be read is an error: skipped, its samples would be missing
    /// silently.
    /// </summary>
    private const int ClassDepth = 1;

    internal static string[] ClassesOf(string root) =>
        [.. Directory.GetDirectories(root).Where(folder => !FolderListing.IsOfSystem(folder))
            .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    /// <summary>Finds the pictures <c>root/class/picture.png</c>, ordered by class, then by name.</summary>
    /// <param name="root">Folder with one folder per class.</param>
    /// <param name="top">Folder of the data set; names of unused files are relative to it.</param>
    /// <param name="classes">Names of the classes; the folder need not contain all of them.</param>
    internal static PictureSearch In(string root, string top, IReadOnlyList<string> classes)
    {
        var files = new List<PictureEntry>();
        var unused = new List<UnusedSamples>();
        int channels = 1;
        var listing = FolderListing.Of(root, ClassDepth);
        foreach (string path in listing.Files)
        {
            string[] steps = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
            int label = steps.Length == 2 ? IndexOf(classes, steps[0]) : -1;
            string? reason = label < 0 ? "it is not directly in a class folder" : ReasonAgainst(path);
            if (reason is null)
            {
                PictureHeader header = PictureHeader.Read(path);
                channels = Math.Max(channels, header.Channels);
                files.Add(new PictureEntry(path, label, header.Width, header.Height));
            }
            else if (!IsHidden(path))
            {
                unused.Add(new UnusedSamples(Path.GetRelativePath(top, path), 1, reason));
            }
        }

        unused.AddRange(listing.Closed.Concat(listing.TooDeep).Select(
            folder => folder with { Name = Path.GetRelativePath(top, folder.Name) }));
        return new PictureSearch(
            [.. files.OrderBy(file => file.Label).ThenBy(file => file.Path, StringComparer.Ordinal)], unused, channels);
    }

    /// <summary>
    /// Finds all pictures below a folder, without classes, in ordinal order, and the folders that may not be read.
    /// </summary>
    internal static (string[] Pictures, UnusedSamples[] Unused, UnusedSamples[] Closed) Below(string folder)
    {
        var listing = FolderListing.Of(folder, requiredDepth: -1);
        ILookup<string?, string> files =
            listing.Files.Where(path => !IsHidden(path)).ToLookup(ReasonAgainst, StringComparer.Ordinal);
        return ([.. files[null]], [.. files.Where(group => group.Key is not null)
            .SelectMany(group => group.Select(path => new UnusedSamples(path, 1, group.Key!))),
            .. listing.TooDeep], [.. listing.Closed]);
    }

    /// <summary>Lists all files below a folder as unused.</summary>
    internal static IEnumerable<UnusedSamples> AllIn(string root, string top, string reason) =>
        FolderListing.Of(root, requiredDepth: -1).Files.Where(path => !IsHidden(path))
            .Select(path => new UnusedSamples(Path.GetRelativePath(top, path), 1, reason));

    internal static DirectoryNotFoundException NoPictures(string root, IReadOnlyList<UnusedSamples> unused) => new(
        $"data: no pictures in {root} (expected "
        + $"{root}/CLASS/PICTURE.png{(unused.Count > 0 ? $"; found {unused[0].Name}: {unused[0].Reason}" : "")})");

    /// <summary>
    /// Whether a file is hidden. Systems create files such as <c>.DS_Store</c> and <c>._1.png</c>, which are not
    /// samples.
    /// </summary>
    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');

    private static string? ReasonAgainst(string path)
    {
        if (IsHidden(path))
        {
            return "it is a hidden file";
        }

        return PictureFile.Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
            ? null
            : $"{PictureHeader.KindOf(path)}; only {string.Join(", ", PictureFile.Extensions)} are read: convert it";
    }

    private static int IndexOf(IReadOnlyList<string> classes, string name)
    {
        for (int i = 0; i < classes.Count; i++)
        {
            if (string.Equals(classes[i], name, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }
}
