namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// What a state dict needs done with its values: the only names of functions and classes that are understood.
/// </summary>
/// <remarks>Nothing is executed; a name stands for one of the few cases below, and any other is refused.</remarks>
internal static class PickleCalls
{
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

    /// <summary>Whether a name may stand in a checkpoint.</summary>
    internal static bool IsKnown(string name) => Functions.Contains(name) || Storages.ContainsKey(name);

    /// <summary>What a function makes of its arguments.</summary>
    /// <exception cref="FormatException">The arguments do not fit.</exception>
    internal static object? Call(PickleGlobal function, PickleList arguments)
    {
        IReadOnlyList<object?> items = arguments.Items;
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
            _ => throw new FormatException($"the arguments of {function.Name} do not fit"),
        };
    }

    /// <summary>A storage from its persistent id: <c>('storage', class, key, device, count, view)</c>.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static TorchStorage Storage(object? id)
    {
        if (id is not PickleList { Items: ["storage", PickleGlobal type, string key, string, long count, ..] } list
            || count < 0)
        {
            throw new FormatException("a persistent id is not one of a storage");
        }

        ElementType element = Storages.TryGetValue(type.Name, out ElementType found)
            ? found
            : throw new FormatException($"{type.Name} is no storage");
        return list.Items.Count > 5 && list.Items[5] is PickleList { Items: [string viewKey, long offset, long size] }
            ? new TorchStorage(key, element, size, offset)
            : new TorchStorage(key, element, count, Offset: 0);
    }

    private static PickleDictionary Dictionary(IReadOnlyList<object?> arguments)
    {
        var result = new PickleDictionary();
        foreach (object? pair in arguments is [PickleList pairs] ? pairs.Items : [])
        {
            (string key, object? value) = pair is PickleList { Items: [{ } name, var item] }
                ? (Key(name), item)
                : throw new FormatException("a dictionary is not made of pairs");
            result[key] = value;
        }

        return result;
    }

    /// <summary>Keys are texts; optimizers use numbers.</summary>
    internal static string Key(object? key) => key switch
    {
        string text => text,
        long number => $"{number}",
        _ =>
            throw new FormatException($"a key is neither a text nor a number (got {key?.GetType().Name ?? "nothing"})"),
    };

    private static long[] Numbers(PickleList list) =>
        [.. list.Items.Select(item => item is long number
            ? number
            : throw new FormatException("a shape holds something else than whole numbers"))];
}
