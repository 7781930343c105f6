using System.Globalization;
using System.Security.Cryptography;
using Temper.Formats;
using Temper.Formats.Safetensors;

namespace Temper.Training.Checkpoints;

/// <summary>
/// Reads and writes checkpoints. A checkpoint is a folder with <c>model.safetensors</c> (the network),
/// <c>optimizer.safetensors</c>, <c>state.json</c> and the files that a method adds. It is written under a temporary
/// name and then renamed, so a checkpoint folder is always complete. Older checkpoints are removed only after the
/// rename.
/// </summary>
internal static class Checkpoint
{
    private const string Prefix = "step-";
    private const string Unfinished = ".tmp";
    private const string StateFile = "state.json";

    /// <summary>Writes a checkpoint and removes the older ones.</summary>
    /// <param name="folder">Folder of checkpoints; created if absent.</param>
    /// <param name="step">Number of steps done; part of the checkpoint's name.</param>
    /// <param name="tensors">File names and contents of the tensor files.</param>
    /// <param name="state">State to save; the digests of the files are filled in here.</param>
    /// <param name="create">Opens a file for writing; null: <see cref="File.Create(string)"/>.</param>
    /// <exception cref="IOException">
    /// The checkpoint cannot be written. The previous checkpoint is intact, and no partial files remain.
    /// </exception>
    internal static void Save(
        string folder, long step, IEnumerable<(string File, SafetensorsFile Content)> tensors, CheckpointState state,
        Func<string, Stream>? create = null)
    {
        string name = FreeName(folder, step);
        string temporary = name + Unfinished;
        try
        {
            Delete(temporary);
            Directory.CreateDirectory(temporary);
            WriteFiles(tensors, state, temporary, create ?? File.Create);
            Directory.Move(temporary, name);
        }
        catch (Exception e)
        {
            Delete(temporary);
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException(
                    $"checkpoint: step {step} cannot be written to {folder} (got: {e.Message}); free disk space there, "
                    + "then resume from the previous checkpoint, which is intact",
                    e);
            }

            throw;
        }

        foreach (string other in Directory.EnumerateDirectories(folder, Prefix + "*").Where(
            f => !string.Equals(f, name, StringComparison.Ordinal)).ToArray())
        {
            Delete(other);
        }
    }

    /// <summary>Returns the path of the newest checkpoint's state file, for error messages about its content.</summary>
    internal static string NewestState(string folder) => Path.Combine(Whole(folder).Last(), StateFile);

    internal static bool Exists(string folder) => Directory.Exists(folder) && Whole(folder).Any();

    /// <summary>Finds the newest checkpoint in a folder and verifies the digests of its files.</summary>
    /// <param name="folder">Folder of checkpoints.</param>
    /// <param name="require">
    /// Checks the state against the run that resumes; called before the large files are read.
    /// </param>
    /// <returns>Folder and state of the checkpoint.</returns>
    /// <exception cref="FileNotFoundException">The folder holds no checkpoint.</exception>
    /// <exception cref="ModelFormatException">
    /// The checkpoint is damaged, or its options differ from those of the run.
    /// </exception>
    internal static (string Folder, CheckpointState State) OpenNewest(
        string folder, Action<CheckpointState, string> require)
    {
        string newest = (Directory.Exists(folder) ? Whole(folder).LastOrDefault() : null)
            ?? throw new FileNotFoundException($"checkpoint: {folder} holds no checkpoint; start a new training run");
        string path = Path.Combine(newest, StateFile);
        CheckpointState state = CheckpointState.Read(path);
        require(state, path);
        foreach ((string file, string digest) in state.Files)
        {
            RequireDigest(Path.Combine(newest, file), digest);
        }

        return (newest, state);
    }

    private static void WriteFiles(
        IEnumerable<(string File, SafetensorsFile Content)> tensors, CheckpointState state, string folder,
        Func<string, Stream> create)
    {
        var digests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string file, SafetensorsFile content) in tensors)
        {
            string path = Path.Combine(folder, file);
            Write(path, create, content.Write);
            digests.Add(file, Digest(path));
        }

        Write(Path.Combine(folder, StateFile), create, (state with { Files = digests }).Write);
    }

    private static void Write(string path, Func<string, Stream> create, Action<Stream> write)
    {
        using Stream stream = create(path);
        write(stream);
        if (stream is FileStream file)
        {
            file.Flush(flushToDisk: true);
        }
    }

    private static string Digest(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void RequireDigest(string path, string expected)
    {
        if (!File.Exists(path))
        {
            throw new ModelFormatException(path, "checkpoint: the file is missing; restart the training");
        }

        string found = Digest(path);
        if (!string.Equals(found, expected, StringComparison.Ordinal))
        {
            throw new ModelFormatException(
                path, $"checkpoint: the file is damaged (got SHA-256 {found}, expected {expected}); restore it, or "
                    + "restart the training");
        }
    }

    /// <summary>
    /// Returns an unused checkpoint name that sorts after all names of this step. A checkpoint that is replaced must
    /// exist until its successor is complete.
    /// </summary>
    private static string FreeName(string folder, long step)
    {
        string name = Path.Combine(folder, Prefix + step.ToString("D10", CultureInfo.InvariantCulture));
        while (Directory.Exists(name))
        {
            name += "-again";
        }

        return name;
    }

    private static IEnumerable<string> Whole(string folder) => Directory.EnumerateDirectories(folder, Prefix + "*")
        .Where(f => !f.EndsWith(Unfinished, StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
