using Temper.Tensors;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>Creates tensors from views of storages; each storage is read once.</summary>
/// <param name="file">Path or name of the file, for errors.</param>
/// <param name="length">Length of the file in bytes; limits the size of the tensors.</param>
internal sealed class TorchTensors(string file, long length)
{
    /// <summary>Maximum total size of the tensors, as a multiple of the file length; views may share data.</summary>
    private const long MaxExpansion = 4;

    private const long FreeBytes = 1 << 20;

    internal TorchCheckpoint Read(object? root, Func<string, byte[]> storageBytes)
    {
        StateDictSearch search;
        try
        {
            search = StateDictSearch.In(root);
        }
        catch (FormatException error)
        {
            throw Bad(error.Message);
        }

        if (search.Tensors.Count == 0)
        {
            throw Bad("the file contains no tensors; save a state dict: torch.save(model.state_dict(), ...)");
        }

        long total = search.Tensors.Sum(entry => Bytes(entry.Key, entry.Value));
        if (total > (MaxExpansion * length) + FreeBytes)
        {
            throw Bad($"the tensors are larger than their file (got {total} bytes, expected at most "
                + $"{(MaxExpansion * length) + FreeBytes})");
        }

        var tensors = new KeyValuePair<string, Tensor>[search.Tensors.Count];
        foreach (IGrouping<string, int> storage in Enumerable.Range(0, tensors.Length).GroupBy(i =>
            search.Tensors[i].Value.Storage.Key, StringComparer.Ordinal))
        {
            byte[] bytes = storageBytes(storage.Key);
            foreach (int i in storage)
            {
                (string name, TorchTensor view) = search.Tensors[i];
                tensors[i] = KeyValuePair.Create(name, Make(name, view, bytes));
            }
        }

        return new TorchCheckpoint(tensors, search.Values);
    }

    /// <summary>Returns the size of a view in bytes; throws if its shape is invalid.</summary>
    private long Bytes(string name, TorchTensor view)
    {
        long count = 1;
        foreach (long size in view.Sizes)
        {
            count = size >= 0 && size <= int.MaxValue
                ? Math.Min(count * size, int.MaxValue + 1L)
                : throw Bad($"tensor '{name}' has an invalid shape (got [{string.Join(", ", view.Sizes)}])");
        }

        return count <= int.MaxValue
            ? count * Elements.Size(view.Storage.Type)
            : throw Bad($"tensor '{name}' is too large (got [{string.Join(", ", view.Sizes)}], expected at most 2^31 - "
                + "1 elements)");
    }

    private Tensor Make(string name, TorchTensor view, byte[] storage)
    {
        long first = First(name, view);
        Shape shape = ShapeOf(name, view);
        int width = Elements.Size(view.Storage.Type);
        long available = storage.Length / width;
        if (view.Strides.Count != view.Sizes.Count || !Fits(view, first, available))
        {
            throw Bad($"tensor '{name}' exceeds its storage (got {view.Sizes.Count} axes at {first}, strides "
                + $"[{string.Join(", ", view.Strides)}], expected at most {available} numbers)");
        }

        ReadOnlySpan<byte> bytes = IsRowMajor(view)
            ? storage.AsSpan((int)(shape.Count == 0 ? 0 : first * width), shape.Count * width)
            : Gathered(view, first, storage, width, shape.Count);
        try
        {
            return Elements.Read(bytes, view.Storage.Type, shape);
        }
        catch (OverflowException)
        {
            throw Bad($"tensor '{name}' has a value above 2^63");
        }
    }

    /// <summary>Returns the index of the first element in the data of the storage.</summary>
    private long First(string name, TorchTensor view) =>
        view.Offset >= 0 && view.Storage.Offset >= 0 && view.Offset <= long.MaxValue - view.Storage.Offset
            ? view.Storage.Offset + view.Offset
            : throw Bad($"tensor '{name}' has an invalid offset (got {view.Offset}, in a view of a storage at "
                + $"{view.Storage.Offset})");

    private Shape ShapeOf(string name, TorchTensor view)
    {
        try
        {
            return Shape.Create([.. view.Sizes.Select(size => (int)size)]);
        }
        catch (Exception error) when (error is OverflowException or ArgumentException)
        {
            // An axis of length 0 hides the others from the check of the size.
            throw Bad($"tensor '{name}' has an invalid shape (got [{string.Join(", ", view.Sizes)}])");
        }
    }

    private static bool Fits(TorchTensor view, long first, long available)
    {
        // At most 64 axes, each below 2^31 times 2^63: the sum cannot overflow.
        UInt128 last = (UInt128)first;
        for (int axis = 0; axis < view.Sizes.Count; axis++)
        {
            if (view.Strides[axis] < 0)
            {
                return false;
            }

            if (view.Sizes[axis] == 0)
            {
                return true;
            }

            last += (UInt128)(view.Sizes[axis] - 1) * (UInt128)view.Strides[axis];
        }

        return last < (UInt128)available;
    }

    private static bool IsRowMajor(TorchTensor view)
    {
        long stride = 1;
        for (int axis = view.Sizes.Count - 1; axis >= 0; axis--)
        {
            if (view.Sizes[axis] != 1 && view.Strides[axis] != stride)
            {
                return view.Sizes.Contains(0);
            }

            stride *= view.Sizes[axis];
        }

        return true;
    }

    private static byte[] Gathered(TorchTensor view, long first, byte[] storage, int width, int count)
    {
        byte[] bytes = new byte[count * width];
        long[] at = new long[view.Sizes.Count];
        long index = first;
        for (int i = 0; i < count; i++)
        {
            storage.AsSpan((int)(index * width), width).CopyTo(bytes.AsSpan(i * width));
            for (int axis = at.Length - 1; axis >= 0; axis--)
            {
                index += view.Strides[axis];
                if (++at[axis] < view.Sizes[axis])
                {
                    break;
                }

                index -= at[axis] * view.Strides[axis];
                at[axis] = 0;
            }
        }

        return bytes;
    }

    private ModelFormatException Bad(string reason) => new(file, $"PyTorch: {reason}");
}
