namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// The functions and classes that a state dict may refer to in a pickle. All other names are opaque or rejected.
/// </summary>
/// <remarks>Nothing is executed: each name is mapped to one of the few cases below.</remarks>
internal static class PickleCalls
{
    private const int MaxAxes = 64;

    private static readonly Dictionary<string, ElementType> Storages = new(StringComparer.Ordinal)
    {
        ["torch.FloatStorage"] = ElementType.Float32,
        ["torch.DoubleStorage"] = ElementType.Float64,
        ["torch.HalfStorage"] = ElementType.Float16,
        ["torch.BFloat16Storage"] = ElementType.BFloat16,
        ["torch.LongStorage"] = ElementType.Int64,
        ["torch.IntStorage"] = ElementType.Int32,
        ["torch.ShortStorage"] = ElementType.Int16,
        ["torch.CharStorage"] = ElementType.Int8,
        ["torch.ByteStorage"] = ElementType.UInt8,
        ["torch.BoolStorage"] = ElementType.Bool,
    };

    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        "collections.OrderedDict", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state", "torch.Size", "torch.device", "_codecs.encode",
    };

    /// <summary>Whether a name is allowed in a checkpoint.</summary>
    internal static bool IsKnown(string name) => Functions.Contains(name) || Storages.ContainsKey(name);

    /// <summary>
    /// Returns the result of applying a function to arguments; an opaque value if one of them is opaque.
    /// </summary>
    /// <exception cref="FormatException">The arguments are invalid.</exception>
    internal static object? Call(PickleGlobal function, PickleList arguments)
    {
        IReadOnlyList<object?> items = arguments.Items;
        if (items.OfType<PickleOpaque>().FirstOrDefault() is { } opaque)
        {
            return opaque;
        }

        return function.Name switch
        {
            "collections.OrderedDict" => Dictionary(items),
            "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2"
                when items is [TorchStorage storage, long offset, PickleList sizes, PickleList strides, ..] =>
                new TorchTensor(storage, offset, Numbers(sizes), Numbers(strides)),
            "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state"
                when items is [TorchTensor data, ..] => data,
            "torch.Size" when items is [PickleList sizes] => sizes,
            "torch.device" when items is [string device, ..] => device,
            "_codecs.encode" when items is [string text, ..] => text,
            _ => throw new FormatException($"the arguments of {function.Name} are invalid"),
        };
    }

    /// <summary>Parses the persistent id of a storage: <c>('storage', class, key, device, count, view)</c>.</summary>
    /// <exception cref="FormatException">It is not the id of a storage.</exception>
    internal static TorchStorage Storage(object? id)
    {
        if (id is not PickleList { Items: ["storage", PickleGlobal type, string key, string, long count, ..] } list
            || count < 0)
        {
            throw new FormatException("a persistent id does not refer to a storage");
        }

        ElementType element = Storages.TryGetValue(type.Name, out ElementType found)
            ? found
            : throw new FormatException($"{type.Name} is not a storage type");
        return list.Items.Count > 5 && list.Items[5] is PickleList { Items: [string viewKey, long offset, long size] }
            ? new TorchStorage(key, element, size, offset)
            : new TorchStorage(key, element, count, Offset: 0);
    }

    private static PickleDictionary Dictionary(IReadOnlyList<object?> arguments)
    {
        var result = new PickleDictionary();
        foreach (object? pair in arguments is [PickleList pairs] ? pairs.Items : [])
        {
            if (pair is not PickleList { Items: [{ } name, var item] })
            {
                throw new FormatException("a dictionary is not made of pairs");
            }

            Set(result, name, item);
        }

        return result;
    }

    /// <summary>Sets an entry. If its key is opaque, so is the entry.</summary>
    /// <exception cref="FormatException">The key is neither text nor an integer.</exception>
    internal static void Set(PickleDictionary dictionary, object? key, object? value)
    {
        if (key is PickleOpaque opaque)
        {
            dictionary[opaque.Name] = opaque;
        }
        else
        {
            dictionary[Key(key)] = value;
        }
    }

    /// <summary>Returns a dictionary key as text; optimizer states use integers as keys.</summary>
    internal static string Key(object? key) => key switch
    {
        string text => text,
        long number => $"{number}",
        _ =>
            throw new FormatException("a dictionary key is neither text nor an integer (got "
                + $"{key?.GetType().Name ?? "nothing"})"),
    };

    /// <summary>Returns the sizes or strides of a tensor.</summary>
    private static long[] Numbers(PickleList list)
    {
        if (list.Items.Count > MaxAxes)
        {
            throw new FormatException(
                $"a shape has too many axes (got {list.Items.Count}, expected at most {MaxAxes})");
        }

        return [.. list.Items.Select(item => item is long number
            ? number
            : throw new FormatException("a shape contains a value that is not an integer"))];
    }
}
