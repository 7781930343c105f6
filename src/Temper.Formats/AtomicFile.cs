namespace Temper.Formats;

/// <summary>Writes files atomically.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes to a temporary file in the same folder, flushes it to disk, then renames it. If anything fails, an
    /// existing file is unchanged and the temporary file is deleted.
    /// </summary>
    /// <param name="path">The file. Its folder is created if it does not exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">Writing failed, for instance because the disk is full.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, mode: null);

    /// <summary>Writes a file that only its owner may read and write (on systems with Unix permissions).</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    internal static void WriteSecret(string path, Action<Stream> write) =>
        Write(path, write, OperatingSystem.IsWindows() ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private static void Write(string path, Action<Stream> write, UnixFileMode? mode)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Environment.ProcessId}.tmp");
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 64 * 1024,
            };
            if (mode is { } rights && !OperatingSystem.IsWindows())
            {
                File.Delete(temporary);                           // permissions are only set on new files
                options.UnixCreateMode = rights;
            }

            using (var stream = new FileStream(temporary, options))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes text as UTF-8.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    /// <param name="path">The file.</param>
    /// <param name="text">The content.</param>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
