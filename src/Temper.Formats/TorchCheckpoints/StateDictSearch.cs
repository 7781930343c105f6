using System.Globalization;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>Finds the state dict in the content of a checkpoint.</summary>
internal sealed class StateDictSearch
{
    private const int Deepest = 12;

    /// <summary>Maximum number of visits of lists, dictionaries, tensors and opaque values.</summary>
    private const int MaxVisits = 1 << 18;

    /// <summary>
    /// Maximum number of visits of numbers and texts: a training may record millions of losses, and each is visited a
    /// few times.
    /// </summary>
    private const long MaxPlain = 1 << 24;

    /// <summary>A longer list of numbers is a record of the training; its numbers get no names.</summary>
    private const int LongestSeries = 1000;
    private const int LongestName = 4096;

    /// <summary>
    /// Maximum number of characters of all names together: the key of a list is repeated in the names of its entries.
    /// </summary>
    private const long MaxCharacters = 1 << 23;

    private static readonly string[] Usual = ["state_dict", "model_state_dict", "model", "net"];

    private readonly List<KeyValuePair<string, TorchTensor>> _tensors = [];
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private int _visits;
    private long _plain;
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

    private bool Holds(object? value, int depth)
    {
        if (value is TorchTensor)
        {
            return true;
        }

        if (depth == 0)
        {
            return false;
        }

        // Without names and closures: there may be millions of numbers.
        Visit(value);
        if (value is PickleList list)
        {
            foreach (object? item in list.Items)
            {
                if (Holds(item, depth - 1))
                {
                    return true;
                }
            }
        }
        else if (value is PickleDictionary dictionary)
        {
            foreach ((_, object? item) in dictionary.Items)
            {
                if (Holds(item, depth - 1))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Collect(object? value, string path, int depth, bool onlyValues)
    {
        Visit(value);
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
        else if (depth > 0 && !IsSeries(value) && Children(value) is { } children)
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

    /// <summary>Whether a value is a long list of nothing but numbers.</summary>
    private bool IsSeries(object? value)
    {
        if (value is not PickleList { Items.Count: > LongestSeries } list)
        {
            return false;
        }

        Charge(list.Items.Count);
        return list.Items.TrueForAll(item => item is long or double);
    }

    /// <summary>Limits the number of visits, because values in a damaged file may contain themselves.</summary>
    private void Visit(object? value)
    {
        if (value is null or long or double or string or bool)
        {
            Charge(1);
        }
        else if (++_visits > MaxVisits)
        {
            throw new FormatException("values are too many, are nested too deeply or contain themselves");
        }
    }

    private void Charge(int plain)
    {
        _plain += plain;
        if (_plain > MaxPlain)
        {
            throw new FormatException($"there are too many numbers and texts (expected at most {MaxPlain} visits)");
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>>? Children(object? value) => value switch
    {
        PickleDictionary dictionary => dictionary.Items,
        PickleList list => list.Items.Select((item, index) => KeyValuePair.Create($"{index}", item)),
        _ => null,
    };
}
