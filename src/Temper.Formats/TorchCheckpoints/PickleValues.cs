namespace Temper.Formats.TorchCheckpoints;

/// <summary>A list or tuple of a pickle.</summary>
internal sealed class PickleList(bool isTuple)
{
    internal List<object?> Items { get; } = [];

    internal bool IsTuple { get; } = isTuple;
}

/// <summary>A dictionary in a pickle, in insertion order; for equal keys the last value is kept.</summary>
internal sealed class PickleDictionary
{
    private readonly OrderedDictionary<string, object?> _items = new(StringComparer.Ordinal);

    internal IEnumerable<KeyValuePair<string, object?>> Items => _items;

    internal object? this[string key]
    {
        get => _items.GetValueOrDefault(key);
        set => _items[key] = value;
    }
}

/// <summary>
/// The name of a class or function in a pickle. Only the name is stored; nothing is looked up.
/// </summary>
/// <param name="Name">Module and name, such as <c>torch.FloatStorage</c>.</param>
internal sealed record PickleGlobal(string Name);

/// <summary>
/// A class or function that is not known, or whatever a pickle makes with it. Only the name is stored; nothing is
/// imported or executed.
/// </summary>
/// <param name="Name">Module and name, such as <c>argparse.Namespace</c>.</param>
internal sealed record PickleOpaque(string Name);

/// <summary>A storage of a checkpoint: a one-dimensional array of numbers.</summary>
/// <param name="Key">Name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="Offset">Index of the first element, if this is a view of a larger storage.</param>
internal sealed record TorchStorage(string Key, ElementType Type, long Count, long Offset);

/// <summary>A tensor as a checkpoint describes it: a view of a storage.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">Index of the first element in the storage.</param>
/// <param name="Sizes">Length of each axis.</param>
/// <param name="Strides">Stride of each axis, in elements.</param>
internal sealed record TorchTensor(
    TorchStorage Storage, long Offset, IReadOnlyList<long> Sizes, IReadOnlyList<long> Strides);
