using Temper.Tensors;

namespace Temper.Formats.Safetensors;

/// <summary>Content of a safetensors file: named tensors and text metadata.</summary>
/// <remarks>
/// The format is: length of the header (8 bytes, little-endian), a JSON header (dtype, shape and offsets of each
/// tensor), then the data. Files are treated as untrusted input: the header has at most 100 MiB, offsets fill the file
/// without gaps or overlaps, and names are unique.
/// </remarks>
public sealed class SafetensorsFile
{
    /// <summary>Creates the content of a file.</summary>
    /// <param name="tensors">Names and tensors, in the order in which they are written.</param>
    /// <param name="metadata">Text, keyed by name; null for none.</param>
    /// <exception cref="ArgumentException">Two tensors have the same name.</exception>
    public SafetensorsFile(
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (tensors.FirstOrDefault(tensor => !names.Add(tensor.Key)) is { Key: { } twice })
        {
            throw new ArgumentException(
                $"SafetensorsFile: two tensors have the same name (got '{twice}' twice); rename one", nameof(tensors));
        }

        Tensors = tensors;
        Metadata = metadata ?? new Dictionary<string, string>(StringComparer.Ordinal);
    }

    /// <summary>Names and tensors, in file order.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Tensors { get; }

    /// <summary>Text metadata, keyed by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Names of int32 tensors that are written as I8; their values are -128 to 127.</summary>
    internal IReadOnlySet<string> Int8Names { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Returns the tensor with a given name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public Tensor this[string name]
    {
        get
        {
            foreach ((string key, Tensor tensor) in Tensors)
            {
                if (string.Equals(key, name, StringComparison.Ordinal))
                {
                    return tensor;
                }
            }

            throw new KeyNotFoundException($"safetensors: there is no tensor '{name}' (expected one of "
                + $"{string.Join(", ", Tensors.Select(t => t.Key).Take(20))})");
        }
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">The file is truncated, malformed or not a safetensors file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Load(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>Reads the metadata of a file; its header is read and checked, the tensor data is not.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">The file is truncated, malformed or not a safetensors file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyDictionary<string, string> LoadMetadata(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return SafetensorsReader.ReadMetadata(stream, path);
    }

    /// <summary>Reads from a seekable stream.</summary>
    /// <param name="stream">
    /// Positioned at the first byte. It must be able to seek: copy others, such as those of a network or of a zip
    /// archive, to a <see cref="MemoryStream"/> first.
    /// </param>
    /// <param name="name">Name for errors.</param>
    /// <exception cref="ModelFormatException">The data is truncated, malformed or not in this format.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static SafetensorsFile Read(Stream stream, string name)
    {
        SeekableStream.Require(stream, "SafetensorsFile.Read");
        return SafetensorsReader.Read(stream, name);
    }

    /// <summary>Writes a file atomically. The same content gives the same bytes.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes to a stream.</summary>
    /// <param name="stream">The stream to write to.</param>
    public void Write(Stream stream) => SafetensorsWriter.Write(this, stream);
}
