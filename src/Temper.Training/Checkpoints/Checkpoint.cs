using System.Globalization;
using System.Security.Cryptography;
using Temper.Formats;
using Temper.Formats.Safetensors;

namespace Temper.Training.Checkpoints;

/// <summary>
/// A learner's state as a folder: <c>model.safetensors</c> with the graph, <c>optimizer.safetensors</c>,
/// <c>state.json</c>, and the files that a method adds. Written under a temporary name and then renamed, so that a
/// folder with a step's name is always whole; the one before is removed only then.
/// </summary>
internal static class Checkpoint
{
    private const string Prefix = "step-";
    private const string Unfinished = ".tmp";
    private const string StateFile = "state.json";

    /// <summary>Writes a checkpoint and removes those before it.</summary>
    /// <param name="folder">Made when absent.</param>
    /// <param name="step">Steps done, for its name.</param>
    /// <param name="tensors">Its files of tensors.</param>
    /// <param name="state">Its state, without digests of files.</param>
    /// <param name="create">Opens a file for writing; null: on the disk.</param>
    /// <exception cref="IOException">
    /// It cannot be written; the one before is intact, and nothing else is left.
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
                    $"checkpoint: step {step} cannot be written to {folder} (got: {e.Message}); make room there, then "
                    + "resume from the checkpoint before, which is intact",
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

    /// <summary>The state file of the newest checkpoint, for errors about its content.</summary>
    internal static string NewestState(string folder) => Path.Combine(Whole(folder).Last(), StateFile);

    internal static bool Exists(string folder) => Directory.Exists(folder) && Whole(folder).Any();

    /// <summary>The newest checkpoint in a folder, its files checked.</summary>
    /// <param name="folder">Where checkpoints lie.</param>
    /// <param name="require">Compares the state with what goes on, before anything large is read.</param>
    /// <returns>The checkpoint's folder and state.</returns>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="ModelFormatException">It is damaged, or of other options.</exception>
    internal static (string Folder, CheckpointState State) OpenNewest(
        string folder, Action<CheckpointState, string> require)
    {
        string newest = (Directory.Exists(folder) ? Whole(folder).LastOrDefault() : null)
            ?? throw new FileNotFoundException($"checkpoint: there is none in {folder}; begin the training first");
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
            throw new ModelFormatException(path, 0, "checkpoint: the file is missing; begin the training again");
        }

        string found = Digest(path);
        if (!string.Equals(found, expected, StringComparison.Ordinal))
        {
            throw new ModelFormatException(
                path, 0, $"checkpoint: the file is damaged (got SHA-256 {found}, expected {expected}); restore it, or "
                    + "begin the training again");
        }
    }

    /// <summary>
    /// A name that no checkpoint has, after all of this step: one that is replaced stands until its successor does.
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
