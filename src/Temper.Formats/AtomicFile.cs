namespace Temper.Formats;

/// <summary>Writes files atomically.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes to a temporary file in the same folder, flushes it to disk, then renames it. If anything fails, an
    /// existing file is unchanged and the temporary file is deleted. One that a killed process left behind is deleted
    /// too.
    /// </summary>
    /// <param name="path">The file. Its folder is created if it does not exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">
    /// Writing failed, for instance because the disk is full or the folder cannot be written. The message names the
    /// file.
    /// </exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, mode: null);

    /// <summary>Writes a file that only its owner may read and write (on systems with Unix permissions).</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    internal static void WriteSecret(string path, Action<Stream> write) =>
        Write(path, write, OperatingSystem.IsWindows() ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private static void Write(string path, Action<Stream> write, UnixFileMode? mode)
    {
        string full = Path.GetFullPath(path);
        string temporary = Leftovers.PathFor(full);
        FileStream stream;
        try
        {
            stream = Create(temporary, mode);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(full, temporary, error);
        }

        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
            Leftovers.Remove(full);
        }
        catch (Exception error)
        {
            File.Delete(temporary);
            if (error is IOException or UnauthorizedAccessException
                && (error.Message.Contains(temporary, StringComparison.Ordinal)
                    || error.Message.Contains(full, StringComparison.Ordinal)))
            {
                throw Failed(full, temporary, error);
            }

            throw;
        }
    }

    /// <summary>Creates a file, and its folder if it does not exist.</summary>
    private static FileStream Create(string path, UnixFileMode? mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 64 * 1024,
        };
        if (mode is { } rights && !OperatingSystem.IsWindows())
        {
            File.Delete(path);                                    // permissions are only set on new files
            options.UnixCreateMode = rights;
        }

        return new FileStream(path, options);
    }

    /// <summary>
    /// An error that names the file instead of the temporary one, of which the caller knows nothing.
    /// </summary>
    private static IOException Failed(string path, string temporary, Exception error)
    {
        string reason = error switch
        {
            _ when Directory.Exists(path) => "a folder has this name",
            UnauthorizedAccessException => "no permission to write to its folder",
            FileNotFoundException or DirectoryNotFoundException => "its folder takes no files",
            _ => error.Message.Replace(temporary, path, StringComparison.Ordinal),
        };
        return new IOException($"{path}: cannot be written ({reason}); write to another place", error);
    }

    /// <summary>Writes text as UTF-8.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    /// <param name="path">The file.</param>
    /// <param name="text">The content.</param>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
