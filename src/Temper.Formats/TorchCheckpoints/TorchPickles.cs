using System.Buffers.Binary;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// Reads the layout before PyTorch 1.6. Pickles: a magic number, a protocol number, system information, the object, and
/// the
/// keys of its storages. Then the storages, each with its count (int64) and its data.
/// </summary>
internal static class TorchPickles
{
    private const string Magic = "1950a86a20f9469cfc6c";
    private const long Protocol = 1001;
    private const int MaxVisits = 1 << 18;

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

        object? root = new PickleReader(reader).Read();
        if (new PickleReader(reader).Read() is not PickleList { Items: var keys })
        {
            throw reader.Bad("the list of storages is missing");
        }

        Dictionary<string, (long Offset, long Count)> offsets =
            Offsets(reader, [.. keys.Select(PickleCalls.Key)], StorageTypes(root, reader));
        return new TorchTensors(file, reader.Length).Read(root, key =>
        {
            (long offset, long count) = offsets.TryGetValue(key, out (long, long) found)
                ? found
                : throw reader.Bad($"storage '{key}' is missing");
            reader.Seek(offset);
            return reader.Bytes(count);
        });
    }

    /// <summary>Returns the element size of each storage, which is known only from the tensors that use it.</summary>
    private static Dictionary<string, int> StorageTypes(object? root, ByteReader reader)
    {
        var widths = new Dictionary<string, int>(StringComparer.Ordinal);
        int visits = 0;
        Visit(root, depth: 16);
        return widths;

        void Visit(object? value, int depth)
        {
            if (++visits > MaxVisits)
            {
                throw reader.Bad("values are nested too deeply or contain themselves");
            }

            switch (value)
            {
                case TorchTensor tensor:
                    widths[tensor.Storage.Key] = Elements.Size(tensor.Storage.Type);
                    break;
                case TorchStorage storage:
                    widths[storage.Key] = Elements.Size(storage.Type);
                    break;
                case PickleDictionary dictionary when depth > 0:
                    foreach ((_, object? child) in dictionary.Items)
                    {
                        Visit(child, depth - 1);
                    }

                    break;
                case PickleList list when depth > 0:
                    list.Items.ForEach(child => Visit(child, depth - 1));
                    break;
            }
        }
    }

    private static Dictionary<string, (long Offset, long Count)> Offsets(
        ByteReader reader, IReadOnlyList<string> keys, Dictionary<string, int> widths)
    {
        var offsets = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        foreach (string key in keys)
        {
            long count = BinaryPrimitives.ReadInt64LittleEndian(reader.Bytes(8));
            int width = widths.TryGetValue(key, out int found)
                ? found
                : throw reader.Bad($"storage '{key}' is not used by any tensor");
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
