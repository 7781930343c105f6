using System.Globalization;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>Finds the state dict in the content of a checkpoint.</summary>
internal sealed class StateDictSearch
{
    private const int Deepest = 12;
    private const int MaxVisits = 1 << 18;
    private const int LongestName = 4096;

    /// <summary>
    /// Maximum number of characters of all names together: the key of a list is repeated in the names of its entries.
    /// </summary>
    private const long MaxCharacters = 1 << 23;

    private static readonly string[] Usual = ["state_dict", "model_state_dict", "model", "net"];

    private readonly List<KeyValuePair<string, TorchTensor>> _tensors = [];
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private int _visits;
    private long _characters;

    internal IReadOnlyList<KeyValuePair<string, TorchTensor>> Tensors => _tensors;

    internal IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>Searches the content of a file.</summary>
    /// <exception cref="FormatException">
    /// The state dict contains an opaque value, or the content is too large.
    /// </exception>
    internal static StateDictSearch In(object? root)
    {
        var search = new StateDictSearch();
        object? found = search.Choose(root, Deepest);
        if (!ReferenceEquals(found, root))
        {
            search.Collect(root, "", Deepest, onlyValues: true);
        }

        search.Collect(found, "", Deepest, onlyValues: false);
        return search;
    }

    /// <summary>
    /// Returns the state dict: the entry with a usual name; the root if a tensor lies directly in it; or the only entry
    /// that contains tensors. An opaque entry with a usual name is returned rather than one with another name.
    /// </summary>
    private object? Choose(object? root, int depth)
    {
        if (depth == 0 || Children(root) is not { } children)
        {
            return root;
        }

        object?[] usual = root is PickleDictionary dictionary ? [.. Usual.Select(name => dictionary[name])] : [];
        if (usual.FirstOrDefault(value => value is not TorchTensor && Holds(value, depth - 1)) is { } state)
        {
            return Choose(state, depth - 1);
        }

        if (children.Any(child => child.Value is TorchTensor))
        {
            return root;
        }

        if (usual.OfType<PickleOpaque>().FirstOrDefault() is { } opaque)
        {
            return opaque;
        }

        KeyValuePair<string, object?>[] holding = [.. children.Where(child => Holds(child.Value, depth - 1))];
        return holding.Length == 1 ? Choose(holding[0].Value, depth - 1) : root;
    }

    private bool Holds(object? value, int depth) => value is TorchTensor
        || (depth > 0
            && Visit() && Children(value) is { } children && children.Any(child => Holds(child.Value, depth - 1)));

    private void Collect(object? value, string path, int depth, bool onlyValues)
    {
        if (!Visit())
        {
            return;
        }

        if (value is TorchTensor tensor)
        {
            if (!onlyValues)
            {
                _tensors.Add(new(path, tensor));
            }
        }
        else if (value is PickleOpaque opaque)
        {
            if (!onlyValues)
            {
                throw new FormatException(PickleReader.NotAllowed(opaque.Name));
            }
        }
        else if (depth > 0 && Children(value) is { } children)
        {
            foreach ((string key, object? child) in children)
            {
                Collect(child, Name(path, key), depth - 1, onlyValues);
            }
        }
        else if (value is long or double or string or bool && path.Length > 0)
        {
            _values[path] = value as string ?? string.Create(CultureInfo.InvariantCulture, $"{value}");
        }
    }

    /// <summary>Returns the name of an entry. Lengths are checked before the text is made.</summary>
    private string Name(string path, string key)
    {
        long length = path.Length == 0 ? key.Length : path.Length + 1L + key.Length;
        _characters += length;
        if (length > LongestName || _characters > MaxCharacters)
        {
            throw new FormatException($"names are too long (got {length} characters, {_characters} in all; expected at "
                + $"most {LongestName} characters, {MaxCharacters} in all)");
        }

        return path.Length == 0 ? key : $"{path}.{key}";
    }

    /// <summary>Limits the number of visits, because values in a damaged file may contain themselves.</summary>
    private bool Visit() =>
        ++_visits <= MaxVisits ? true : throw new FormatException("values are nested too deeply or contain themselves");

    private static IEnumerable<KeyValuePair<string, object?>>? Children(object? value) => value switch
    {
        PickleDictionary dictionary => dictionary.Items,
        PickleList list => list.Items.Select((item, index) => KeyValuePair.Create($"{index}", item)),
        _ => null,
    };
}
