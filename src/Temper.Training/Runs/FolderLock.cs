namespace Temper.Training.Runs;

/// <summary>A file that one process at a time can hold, as the sign that it uses a folder.</summary>
internal static class FolderLock
{
    /// <summary>
    /// Takes the file until the result is disposed, which also removes it, or the process ends. The file of a killed
    /// process may stay behind, but can be taken.
    /// </summary>
    /// <param name="path">Path of the file; its folder exists.</param>
    /// <exception cref="IOException">Another process holds it, or it cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written.</exception>
    internal static FileStream Take(string path) => new(
        path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);

    /// <summary>Whether a process holds the file. Works also where it cannot be written.</summary>
    /// <param name="path">Path of the file, which need not exist.</param>
    internal static bool IsHeld(string path)
    {
        try
        {
            using var probe = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            return false;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException
            or UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
