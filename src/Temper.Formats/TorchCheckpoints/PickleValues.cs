namespace Temper.Formats.TorchCheckpoints;

/// <summary>A list or tuple of a pickle.</summary>
internal sealed class PickleList(bool isTuple)
{
    internal List<object?> Items { get; } = [];

    internal bool IsTuple { get; } = isTuple;
}

/// <summary>A dictionary of a pickle, in its order; of equal keys the last counts.</summary>
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
/// The name of a class or function that stands in a pickle. It is a name and nothing else: nothing is looked up.
/// </summary>
/// <param name="Name">Module and name, <c>torch.FloatStorage</c>.</param>
internal sealed record PickleGlobal(string Name);

/// <summary>Where a checkpoint keeps numbers.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Type">What the numbers are.</param>
/// <param name="Count">How many.</param>
/// <param name="Offset">The first of them, in a storage of which this is a part.</param>
internal sealed record TorchStorage(string Key, ElementType Type, long Count, long Offset);

/// <summary>A tensor as a checkpoint describes it: a view of a storage.</summary>
/// <param name="Storage">Where its numbers are.</param>
/// <param name="Offset">The first of them.</param>
/// <param name="Sizes">Length of each axis.</param>
/// <param name="Strides">Distance of neighbors along each axis, in numbers.</param>
internal sealed record TorchTensor(
    TorchStorage Storage, long Offset, IReadOnlyList<long> Sizes, IReadOnlyList<long> Strides);
