using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Temper.Cli.CommandLine;
using Temper.Formats;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// The weights of the stored network that a run starts from. A resumed run opens that network again and compares its
/// result with it, but continues its trainings from checkpoints: with other weights it would compare two networks that
/// have nothing to do with each other.
/// </summary>
internal static class StartingWeights
{
    /// <summary>Name of the file with the digest, in the run folder.</summary>
    internal const string FileName = "start.sha256";

    /// <summary>Number of characters of a digest in a message.</summary>
    private const int Shown = 12;

    /// <summary>Records the weights of a new run's network; null: the run does not start from a stored one.</summary>
    internal static void Record(RunFolder folder, Network? start)
    {
        if (start is not null)
        {
            AtomicFile.WriteText(folder.PathOf(FileName), Digest(start) + "\n");
        }
    }

    /// <summary>
    /// Throws if the network of a resumed run has other weights than at the run's start. Runs of older versions, which
    /// have no record, are not compared.
    /// </summary>
    internal static void RequireSame(RunFolder folder, RunDescription description)
    {
        string path = folder.PathOf(FileName);
        if (description.Start is not { } start || !File.Exists(path))
        {
            return;
        }

        string expected = File.ReadAllText(path).Trim(), found = Digest(start);
        if (!string.Equals(found, expected, StringComparison.OrdinalIgnoreCase))
        {
            throw new ToolException(
                ExitCode.BadInput,
                $"{description.Command}: the weights of {description.Network} are not those that the run in "
                    + $"{folder.FullPath} started from (got digest {Short(found)}, expected {Short(expected)}); put "
                    + "the network of that time back, or start a new run");
        }
    }

    /// <summary>
    /// Digest of the values of the parameters and of the running statistics, in the order of the layers. It does not
    /// depend on the format of the file.
    /// </summary>
    internal static string Digest(Network network)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Parameter parameter in network.Parameters)
        {
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Value.AsSpan<float>()));
        }

        foreach (Tensor buffer in network.Buffers.Values.Where(buffer => buffer.DType == DType.Float32))
        {
            hash.AppendData(MemoryMarshal.AsBytes(buffer.AsSpan<float>()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Short(string digest) => digest[..Math.Min(digest.Length, Shown)];
}
