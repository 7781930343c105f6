using Temper.Tensors;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// The state dict of a PyTorch file (.pt, .pth, .th): named tensors, and other numbers and texts in the file.
/// </summary>
/// <remarks>
/// Both layouts are read: the zip archive of PyTorch 1.6 and later, and the older stream of pickles. Pickles are read
/// as data by an interpreter that knows a short list of names; nothing is imported or executed. Objects of all other
/// names are skipped; the file is rejected if the state dict contains one. The state dict is the first of the entries
/// <c>state_dict</c>, <c>model_state_dict</c>, <c>model</c> and <c>net</c> that is a dictionary or list with tensors.
/// Without such an entry it is the whole content if a tensor lies directly in it, else the only entry with tensors; if
/// there are several, names include the path. Prefixes of names, such as <c>module.</c> of DataParallel, are kept.
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
    /// Names and tensors, in file order. Half and double floats are converted to float32, 8- and 16-bit integers to
    /// int32 (uint8 is kept).
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Tensors { get; }

    /// <summary>
    /// Other numbers and texts in the file, such as the epoch, keyed by path. Lists of more than 1000 numbers, such as
    /// the losses of a training, are left out.
    /// </summary>
    public IReadOnlyDictionary<string, string> Values { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">
    /// The file is damaged or truncated, is not a PyTorch file, contains no tensors, or its state dict contains a class
    /// or function that is not known.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TorchCheckpoint Load(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>Reads from a stream that can seek.</summary>
    /// <param name="stream">Positioned at the first byte.</param>
    /// <param name="name">Name for errors.</param>
    /// <exception cref="ModelFormatException">See <see cref="Load"/>.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static TorchCheckpoint Read(Stream stream, string name)
    {
        SeekableStream.Require(stream, "TorchCheckpoint.Read");
        ForeignFile.Check(stream, name);
        Span<byte> first = stackalloc byte[4];
        long start = stream.Position;
        int count = stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        stream.Position = start;
        return count == first.Length && first.SequenceEqual("PK\u0003\u0004"u8) ? TorchArchive.Read(stream, name)
            : count > 0 && first[0] == 0x80 ? TorchPickles.Read(stream, name)
            : throw new ModelFormatException(name, "PyTorch: neither a zip archive nor a pickle; the tar layout of "
                + "PyTorch before 0.1.10 is not supported");
    }
}
