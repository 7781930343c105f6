using Temper.Training.Runs;

namespace Temper.Training.Checkpoints;

/// <summary>
/// Reserves folders of checkpoints. Two trainings in one folder would remove each other's checkpoints, and none could
/// be resumed to its own result.
/// </summary>
internal static class CheckpointReservation
{
    /// <summary>
    /// Reserves a folder until the result is disposed or the process ends, with a file beside the folder, or in it if
    /// none can be created beside it. Returns null if neither can be created: no checkpoint can be written there
    /// either, and a finished training writes none.
    /// </summary>
    /// <param name="folder">Folder of checkpoints; need not exist.</param>
    /// <exception cref="IOException">Another training has reserved the folder.</exception>
    internal static FileStream? Of(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

        // Of a volume in a container, for example, only the folder itself can be written.
        return Take(full + ".lock", folder)
            ?? (Directory.Exists(full) ? Take(Path.Combine(full, ".lock"), folder) : null);
    }

    private static FileStream? Take(string path, string folder)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return FolderLock.Take(path);
        }
        catch (IOException error) when (FolderLock.IsHeld(path))
        {
            throw new IOException(
                $"checkpoint: {folder} is in use by another training (got: {error.Message}, expected one training at a "
                + "time); wait until that ends, or choose another folder",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Also if a killed process left the file, and the folder is now mounted read-only.
            return null;
        }
    }
}
