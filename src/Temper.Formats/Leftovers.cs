using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Temper.Formats;

/// <summary>
/// Removes the temporary files of <see cref="AtomicFile"/> that a killed process left behind, when their file is
/// written again.
/// </summary>
internal static class Leftovers
{
    private const string Suffix = ".tmp";

    /// <summary>
    /// Names of the temporary files in each folder when this process first wrote there. Commands write thousands of
    /// files into one folder, so it is listed once.
    /// </summary>
    private static readonly ConcurrentDictionary<string, string[]> Found = new(StringComparer.Ordinal);

    /// <summary>Returns the path of this process's temporary file.</summary>
    /// <param name="full">Full path of the file to write.</param>
    internal static string PathFor(string full) =>
        Path.Combine(Path.GetDirectoryName(full)!, $"{StartOf(full)}{Environment.ProcessId}{Suffix}");

    /// <summary>
    /// Removes the temporary files of ended processes. What cannot be listed or removed stays; the file itself is
    /// written.
    /// </summary>
    /// <param name="full">Full path of the file that was written.</param>
    internal static void Remove(string full)
    {
        string folder = Path.GetDirectoryName(full)!, start = StartOf(full);
        try
        {
            string[] names = Found.GetOrAdd(
                folder,
                static path => [.. Directory.EnumerateFiles(path, ".*" + Suffix).Select(one => Path.GetFileName(one))]);
            foreach (string name in names)
            {
                if (name.StartsWith(start, StringComparison.Ordinal) && name.Length > start.Length + Suffix.Length
                    && int.TryParse(
                        name[start.Length..^Suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                    && !IsRunning(id))
                {
                    RemoveUnlocked(Path.Combine(folder, name));
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder cannot be listed.
        }
    }

    private static string StartOf(string full) => $".{Path.GetFileName(full)}.";

    private static bool IsRunning(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>
    /// Removes a file unless a process has it open. A process of another machine or container has no number here.
    /// </summary>
    private static void RemoveUnlocked(string path)
    {
        try
        {
            using var own = new FileStream(
                path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // In use, of another user, or already removed.
        }
    }
}
