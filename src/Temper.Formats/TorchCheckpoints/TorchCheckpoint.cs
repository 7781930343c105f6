using Temper.Tensors;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// The state dict of a PyTorch file (.pt, .pth, .th): named tensors, and the numbers and texts beside them.
/// </summary>
/// <remarks>
/// Both layouts are read: the zip archive of PyTorch 1.6 and later, and the older stream of pickles. A pickle is read
/// as data by an interpreter that knows a short list of names; nothing is imported or executed, and any other name is
/// refused. Where the file holds a whole checkpoint, the state dict is the entry <c>state_dict</c>,
/// <c>model_state_dict</c>, <c>model</c> or <c>net</c>, or the only one with tensors; if there are several others,
/// names keep their path. Data-parallel's <c>module.</c> stays.
/// </remarks>
public sealed class TorchCheckpoint
{
    internal TorchCheckpoint(
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> values)
    {
        Tensors = tensors;
        Values = values;
    }

    /// <summary>
    /// Names and tensors, in the file's order. Half and double floats are float32, small integers int32.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Tensors { get; }

    /// <summary>
    /// Numbers and texts that stand in the file beside the tensors, such as the epoch, by their path.
    /// </summary>
    public IReadOnlyDictionary<string, string> Values { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">
    /// It is damaged or truncated, no PyTorch file, holds no tensors, or needs a name that is not on the list.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TorchCheckpoint Load(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>Reads from a stream that can seek.</summary>
    /// <param name="stream">Positioned at the first byte.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <exception cref="ModelFormatException">As for <see cref="Load"/>.</exception>
    public static TorchCheckpoint Read(Stream stream, string name)
    {
        Span<byte> first = stackalloc byte[4];
        long start = stream.Position;
        int count = stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        stream.Position = start;
        return count == first.Length && first.SequenceEqual("PK\u0003\u0004"u8) ? TorchArchive.Read(stream, name)
            : count > 0 && first[0] == 0x80 ? TorchPickles.Read(stream, name)
            : throw new ModelFormatException(name, 0, "PyTorch: neither a zip archive nor a pickle; the tar layout of "
                + "PyTorch before 0.1.10 is not supported");
    }
}
