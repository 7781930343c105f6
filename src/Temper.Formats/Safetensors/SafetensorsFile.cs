using Temper.Tensors;

namespace Temper.Formats.Safetensors;

/// <summary>Named tensors and text metadata, as safetensors files hold them.</summary>
/// <remarks>
/// The format: the header's length (8 bytes, little-endian), a JSON header (name to dtype, shape and offset), then the
/// numbers. A file is hostile until parsed: header at most 100 MiB, offsets without gaps or overlaps that fill the
/// file, no name twice.
/// </remarks>
public sealed class SafetensorsFile
{
    /// <summary>Tensors with metadata.</summary>
    /// <param name="tensors">Names and tensors, in the order in which they are written.</param>
    /// <param name="metadata">Free text by name; null for none.</param>
    public SafetensorsFile(
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Tensors = tensors;
        Metadata = metadata ?? new Dictionary<string, string>(StringComparer.Ordinal);
    }

    /// <summary>Names and tensors, in the file's order.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Tensors { get; }

    /// <summary>Free text by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Names of int32 tensors that are written as I8; their numbers lie in -128 to 127.</summary>
    internal IReadOnlySet<string> Int8Names { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
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

            throw new KeyNotFoundException($"safetensors: no tensor is called '{name}' (there are: "
                + $"{string.Join(", ", Tensors.Select(t => t.Key).Take(20))})");
        }
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">It is truncated, malformed or not a safetensors file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SafetensorsFile Load(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>The free texts of a file; its header is read and checked, its numbers are not.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">It is truncated, malformed or not a safetensors file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyDictionary<string, string> LoadMetadata(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return SafetensorsReader.ReadMetadata(stream, path);
    }

    /// <summary>Reads from a stream that can seek.</summary>
    /// <param name="stream">Positioned at the first byte.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <exception cref="ModelFormatException">It is truncated, malformed or not of this format.</exception>
    public static SafetensorsFile Read(Stream stream, string name) => SafetensorsReader.Read(stream, name);

    /// <summary>Writes a file, as a whole or not at all. The same content gives the same bytes.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes to a stream.</summary>
    /// <param name="stream">Where to.</param>
    public void Write(Stream stream) => SafetensorsWriter.Write(this, stream);
}
