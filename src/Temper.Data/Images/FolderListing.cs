using System.IO.Enumeration;

namespace Temper.Data.Images;

/// <summary>The files below a folder. Each folder is listed once, as that is slow on a network share.</summary>
internal sealed class FolderListing
{
    /// <summary>Depth to which folders are listed; it is limited because links can form loops.</summary>
    private const int MaxDepth = 8;

    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false,
    };

    private readonly List<string> _files = [];
    private readonly List<UnusedSamples> _tooDeep = [], _closed = [];

    private FolderListing()
    {
    }

    /// <summary>Paths of the files, in ordinal order.</summary>
    internal IEnumerable<string> Files => _files.Order(StringComparer.Ordinal);

    /// <summary>Folders that are too deep to be listed.</summary>
    internal IEnumerable<UnusedSamples> TooDeep => _tooDeep.OrderBy(one => one.Name, StringComparer.Ordinal);

    /// <summary>Folders that may not be read, with the system's message.</summary>
    internal IEnumerable<UnusedSamples> Closed => _closed.OrderBy(one => one.Name, StringComparer.Ordinal);

    /// <summary>Lists the files below a folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="requiredDepth">
    /// A folder that may not be read is an error to this depth (0: the root; -1: it never is); deeper it is skipped.
    /// </param>
    /// <exception cref="UnauthorizedAccessException">A required folder may not be read.</exception>
    internal static FolderListing Of(string root, int requiredDepth)
    {
        var listing = new FolderListing();
        listing.Add(root, depth: 0, requiredDepth);
        return listing;
    }

    /// <summary>
    /// Whether a folder is hidden, or one that systems create at the root of a disk. It holds no samples, and often may
    /// not be read.
    /// </summary>
    /// <param name="path">Path or name of the folder.</param>
    internal static bool IsOfSystem(string path) =>
        Path.GetFileName(path) is ['.', ..] or "lost+found" or "System Volume Information" or "$RECYCLE.BIN";

    private void Add(string folder, int depth, int requiredDepth)
    {
        if (depth > MaxDepth)
        {
            _tooDeep.Add(new UnusedSamples(folder, 0, $"the folder is more than {MaxDepth} folders deep, so its files "
                + "are not read; move it up"));
            return;
        }

        var folders = new List<string>();
        try
        {
            foreach ((string path, bool isFolder) in new FileSystemEnumerable<(string Path, bool IsFolder)>(
                folder, static (ref FileSystemEntry entry) => (entry.ToSpecifiedFullPath(), entry.IsDirectory),
                Everything))
            {
                (isFolder ? folders : _files).Add(path);
            }
        }
        catch (UnauthorizedAccessException error) when (depth > requiredDepth)
        {
            _closed.Add(new UnusedSamples(folder, 0, error.Message));
        }

        foreach (string inner in folders.Where(path => !IsOfSystem(path)))
        {
            Add(inner, depth + 1, requiredDepth);
        }
    }
}
