namespace Temper.Data.Images;

/// <summary>A picture file that is used as a sample.</summary>
internal sealed record PictureEntry(string Path, int Label, int Width, int Height);

/// <summary>
/// Finds the pictures in a folder with one folder per class; lists all other files as unused, with reasons.
/// </summary>
internal sealed record PictureSearch(PictureEntry[] Files, IReadOnlyList<UnusedSamples> Unused, int Channels)
{
    /// <summary>Depth to which folders are searched; it is limited because links can form loops.</summary>
    private const int MaxDepth = 8;

    /// <summary>A folder that may not be read is an error: skipped, its samples would be missing silently.</summary>
    private static readonly EnumerationOptions Everything = Options(skipsClosed: false);

    internal static string[] ClassesOf(string root) =>
        [.. Directory.GetDirectories(root).Select(folder =>
            Path.GetFileName(folder)!).Where(name => name[0] != '.').Order(StringComparer.Ordinal)];

    /// <summary>Finds the pictures <c>root/class/picture.png</c>, ordered by class, then by name.</summary>
    /// <param name="root">Folder with one folder per class.</param>
    /// <param name="top">Folder of the data set; names of unused files are relative to it.</param>
    /// <param name="classes">Names of the classes; the folder need not contain all of them.</param>
    internal static PictureSearch In(string root, string top, IReadOnlyList<string> classes)
    {
        var files = new List<PictureEntry>();
        var unused = new List<UnusedSamples>();
        int channels = 1;
        foreach (string path in Directory.EnumerateFiles(root, "*", Everything).Order(StringComparer.Ordinal))
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

        unused.AddRange(TooDeep(root, Everything).Select(
            deep => deep with { Name = Path.GetRelativePath(top, deep.Name) }));
        return new PictureSearch(
            [.. files.OrderBy(file => file.Label).ThenBy(file => file.Path, StringComparer.Ordinal)], unused, channels);
    }

    /// <summary>Finds all pictures below a folder, without classes, in ordinal order.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="skipsClosed">Whether folders that may not be read are skipped; false: they are an error.</param>
    internal static (string[] Pictures, UnusedSamples[] Unused) Below(string folder, bool skipsClosed)
    {
        EnumerationOptions options = Options(skipsClosed);
        ILookup<string?, string> files = Directory.EnumerateFiles(folder, "*", options)
            .Where(path => !IsHidden(path)).Order(StringComparer.Ordinal)
            .ToLookup(ReasonAgainst, StringComparer.Ordinal);
        return ([.. files[null]], [.. files.Where(group => group.Key is not null)
            .SelectMany(group => group.Select(path => new UnusedSamples(path, 1, group.Key!))),
            .. TooDeep(folder, options)]);
    }

    /// <summary>Folders whose files are not found because they are too deep.</summary>
    private static IEnumerable<UnusedSamples> TooDeep(string root, EnumerationOptions options) =>
        Directory.EnumerateDirectories(root, "*", options)
            .Where(path => Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar).Length > MaxDepth)
            .Order(StringComparer.Ordinal)
            .Select(path => new UnusedSamples(path, 0, $"the folder is more than {MaxDepth} folders deep, so its files "
                + "are not read; move it up"));

    private static EnumerationOptions Options(bool skipsClosed) => new()
    {
        RecurseSubdirectories = true, MaxRecursionDepth = MaxDepth, AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = skipsClosed,
    };

    /// <summary>Lists all files below a folder as unused.</summary>
    internal static IEnumerable<UnusedSamples> AllIn(string root, string top, string reason) =>
        Directory.EnumerateFiles(root, "*", Options(skipsClosed: true))
            .Where(path => !IsHidden(path)).Order(StringComparer.Ordinal)
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
