using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>A picture file to classify; its header is read, its pixels are not.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="IsColor">False for gray. A JPEG file always counts as color.</param>
public sealed record ListedPicture(string Path, int Width, int Height, bool IsColor);

/// <summary>Pictures without labels in files and folders, read as <see cref="ImageFolder"/> reads them.</summary>
/// <param name="Pictures">Pictures whose headers can be read, in the order of the paths; in a folder, by name.</param>
/// <param name="Unreadable">Pictures that cannot be read, with reasons.</param>
/// <param name="Unused">
/// Files of the folders that are not pictures, and folders that are too deep, with reasons.
/// </param>
public sealed record PictureList(
    IReadOnlyList<ListedPicture> Pictures,
    IReadOnlyList<UnusedSamples> Unreadable,
    IReadOnlyList<UnusedSamples> Unused)
{
    /// <summary>Finds the pictures. Nothing that is given is an error: what cannot be read is listed.</summary>
    /// <param name="paths">Files of any name, and folders, which are searched with their subfolders.</param>
    public static PictureList Find(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<ListedPicture> pictures = [];
        List<UnusedSamples> unreadable = [], unused = [];
        foreach (string path in paths)
        {
            foreach (string file in Directory.Exists(path) ? FilesBelow(path, unreadable, unused) : [path])
            {
                Add(file, pictures, unreadable);
            }
        }

        return new PictureList(pictures, unreadable, unused);
    }

    /// <summary>Moves pictures that cannot be used to <see cref="Unreadable"/>.</summary>
    /// <param name="reasonAgainst">Returns the reason, or null for a picture that can be used.</param>
    public PictureList Without(Func<ListedPicture, string?> reasonAgainst)
    {
        ArgumentNullException.ThrowIfNull(reasonAgainst);
        ILookup<string?, ListedPicture> byReason = Pictures.ToLookup(reasonAgainst, StringComparer.Ordinal);
        return this with
        {
            Pictures = [.. byReason[null]],
            Unreadable =
            [
                .. Unreadable, .. byReason.Where(group => group.Key is not null).SelectMany(group =>
                    group.Select(picture => new UnusedSamples(picture.Path, 1, group.Key!))),
            ],
        };
    }

    /// <summary>The pictures as samples without labels, in the same order.</summary>
    /// <param name="channels">1: all are read as gray, with BT.601 luma for color; 3: all as color.</param>
    public Dataset ToDataset(int channels)
    {
        PictureEntry[] files =
            [.. Pictures.Select(picture => new PictureEntry(picture.Path, 0, picture.Width, picture.Height))];
        return new ImageFolder("pictures", [], new PictureSearch(files, [], channels));
    }

    /// <summary>Why a file cannot be read; null: the exception has another cause.</summary>
    /// <param name="error">Exception of reading a header or a sample.</param>
    public static string? ReasonOf(Exception error) => error switch
    {
        ModelFormatException malformed => malformed.Reason,
        DataUnavailableException or IOException or UnauthorizedAccessException => error.Message,
        _ => null,
    };

    /// <summary>Pictures below a folder. One that may not be read is listed, and the others are found.</summary>
    private static string[] FilesBelow(string folder, List<UnusedSamples> unreadable, List<UnusedSamples> unused)
    {
        (string[] files, UnusedSamples[] others, UnusedSamples[] closed) = PictureSearch.Below(folder);
        if (files.Length == 0 && closed.Length == 0)
        {
            unreadable.Add(new UnusedSamples(folder, 0, "the folder contains no pictures"));
        }

        unreadable.AddRange(closed);
        unused.AddRange(others);
        return files;
    }

    private static void Add(string path, List<ListedPicture> pictures, List<UnusedSamples> unreadable)
    {
        try
        {
            PictureHeader header = PictureHeader.Read(path);
            pictures.Add(new ListedPicture(path, header.Width, header.Height, header.Channels > 1));
        }
        catch (Exception error) when (ReasonOf(error) is { } reason)
        {
            unreadable.Add(new UnusedSamples(path, 1, reason));
        }
    }
}
