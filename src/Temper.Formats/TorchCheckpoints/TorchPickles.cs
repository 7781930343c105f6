using System.Buffers.Binary;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// Reads the layout before PyTorch 1.6. Pickles: a magic number, a protocol number, system information, the object, and
/// the keys of its storages. Then the storages, each with its count (int64) and its data.
/// </summary>
internal static class TorchPickles
{
    private const string Magic = "1950a86a20f9469cfc6c";
    private const long Protocol = 1001;

    internal static TorchCheckpoint Read(Stream stream, string file)
    {
        var reader = new ByteReader(stream, file, "PyTorch");
        if (new PickleReader(reader).Read() is not string magic
            || !magic.TrimStart('0').Equals(Magic, StringComparison.OrdinalIgnoreCase))
        {
            throw reader.Bad("the pickle was not written by torch.save; save the state dict with torch.save");
        }

        if (new PickleReader(reader).Read() is not Protocol)
        {
            throw reader.Bad($"unknown protocol (expected {Protocol})");
        }

        if (new PickleReader(reader).Read() is not PickleDictionary system || system["little_endian"] is not true)
        {
            throw reader.Bad("numbers are big-endian, which is not supported; save it on a little-endian machine");
        }

        var objects = new PickleReader(reader, takesClasses: true);
        object? root = objects.Read();
        if (new PickleReader(reader).Read() is not PickleList { Items: var keys })
        {
            throw reader.Bad("the list of storages is missing");
        }

        Dictionary<string, (long Offset, long Count)> offsets =
            Offsets(reader, [.. keys.Select(key => KeyOf(key, reader))], objects.Storages);
        return new TorchTensors(file, reader.Length).Read(root, key =>
        {
            (long offset, long count) = offsets.TryGetValue(key, out (long, long) found)
                ? found
                : throw reader.Bad($"storage '{key}' is missing");
            reader.Seek(offset);
            return reader.Bytes(count);
        });
    }

    private static string KeyOf(object? key, ByteReader reader) => key is string or long
        ? PickleCalls.Key(key)
        : throw reader.Bad("the name of a storage is neither text nor an integer; the file is damaged");

    private static Dictionary<string, (long Offset, long Count)> Offsets(
        ByteReader reader, IReadOnlyList<string> keys, IReadOnlyDictionary<string, ElementType> types)
    {
        var offsets = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        foreach (string key in keys)
        {
            long count = BinaryPrimitives.ReadInt64LittleEndian(reader.Bytes(8));
            int width = types.TryGetValue(key, out ElementType type)
                ? Elements.Size(type)
                : throw reader.Bad($"storage '{key}' is not used by any tensor, or its class is not known");
            long rest = reader.Length - reader.Position;
            if (count < 0 || count > rest / width)
            {
                throw reader.Bad($"storage '{key}' is longer than the file (got {count} numbers, expected at most "
                    + $"{rest / width}); the file is truncated");
            }

            offsets[key] = (reader.Position, count * width);
            reader.Seek(reader.Position + (count * width));
        }

        return offsets;
    }
}
