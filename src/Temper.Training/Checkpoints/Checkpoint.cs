using System.Globalization;
using System.Security.Cryptography;
using Temper.Formats;
using Temper.Formats.Safetensors;
using Temper.Networks;

namespace Temper.Training.Checkpoints;

/// <summary>
/// The state of a training run as a folder: <c>model.safetensors</c>, <c>best.safetensors</c>, <c>optimizer.safetensors</c>,
/// <c>state.json</c>. Written under a temporary name and then renamed, so that a folder with a step's name is always whole; the one
/// before is removed only then.
/// </summary>
internal static class Checkpoint
{
    private const string Prefix = "step-";
    private const string Unfinished = ".tmp";
    private const string StateFile = "state.json";

    /// <summary>Writes a checkpoint and removes those before it.</summary>
    /// <param name="state">What to write.</param>
    /// <param name="options">Those of the run.</param>
    /// <param name="folder">Made when absent.</param>
    /// <param name="create">Opens a file for writing; null: on the disk.</param>
    /// <exception cref="IOException">It cannot be written; the one before is intact, and nothing else is left.</exception>
    internal static void Save(TrainingState state, TrainingOptions options, string folder, Func<string, Stream>? create = null)
    {
        string name = FreeName(folder, state.Step);
        string temporary = name + Unfinished;
        try
        {
            Delete(temporary);
            Directory.CreateDirectory(temporary);
            WriteFiles(state, options, temporary, create ?? File.Create);
            Directory.Move(temporary, name);
        }
        catch (Exception e)
        {
            Delete(temporary);
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException(
                    $"checkpoint: step {state.Step} cannot be written to {folder} (got: {e.Message}); make room there, then resume from the checkpoint before, which is intact",
                    e);
            }

            throw;
        }

        foreach (string other in Directory.EnumerateDirectories(folder, Prefix + "*").Where(f => !string.Equals(f, name, StringComparison.Ordinal)).ToArray())
        {
            Delete(other);
        }
    }

    internal static bool Exists(string folder) => Directory.Exists(folder) && Whole(folder).Any();

    /// <summary>Reads the newest checkpoint in the options' folder.</summary>
    /// <param name="network">Gives the graph.</param>
    /// <param name="trainCount">Samples of the run that goes on.</param>
    /// <param name="options">Those of the run that goes on.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="ModelFormatException">It is damaged, or of another network or other options.</exception>
    internal static TrainingState LoadNewest(Network network, int trainCount, TrainingOptions options)
    {
        string folder = options.CheckpointFolder
            ?? throw new ArgumentException("Trainer.Resume: the options name no checkpoint folder; set CheckpointFolder to that of the run", nameof(options));
        string newest = (Directory.Exists(folder) ? Whole(folder).LastOrDefault() : null)
            ?? throw new FileNotFoundException($"Trainer.Resume: no checkpoint in {folder}; begin with Fit");
        string path = Path.Combine(newest, StateFile);
        CheckpointState values = CheckpointState.Read(path);
        values.Require(options, trainCount, network.Parameters.Count, path);
        foreach ((string file, string digest) in values.Files)
        {
            RequireDigest(Path.Combine(newest, file), digest);
        }

        return CheckpointTensors.Read(newest, network, trainCount, options, values);
    }

    private static void WriteFiles(TrainingState state, TrainingOptions options, string folder, Func<string, Stream> create)
    {
        var digests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string file, SafetensorsFile tensors) in CheckpointTensors.Of(state))
        {
            string path = Path.Combine(folder, file);
            Write(path, create, tensors.Write);
            digests.Add(file, Digest(path));
        }

        Write(Path.Combine(folder, StateFile), create, CheckpointState.Of(state, options, digests).Write);
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
                path, 0, $"checkpoint: the file is damaged (got SHA-256 {found}, expected {expected}); restore it, or begin the training again");
        }
    }

    /// <summary>A name that no checkpoint has, after all of this step: one that is replaced stands until its successor does.</summary>
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
