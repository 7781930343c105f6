namespace Temper.Tensors.Memory;

/// <summary>Owns the memory of the tensors made while it is the thread's current scope; closing it returns all of it.</summary>
internal sealed class MemoryScope : IDisposable
{
    [ThreadStatic]
    private static MemoryScope? _current;

    [ThreadStatic]
    private static bool _isBackward;

    private readonly List<Storage> _storages = [];

    /// <summary>The scope that owns what this thread makes now; null: the garbage collector does.</summary>
    internal static MemoryScope? Current => _current;

    /// <summary>Whether this thread runs a backward pass.</summary>
    internal static bool IsBackward => _isBackward;

    /// <summary>Makes <paramref name="scope"/> the current one until the result is disposed.</summary>
    /// <param name="scope">The owner of what is made from now on; null for the garbage collector.</param>
    /// <param name="backward">Whether a backward pass runs in it.</param>
    internal static Restore Enter(MemoryScope? scope, bool backward = false)
    {
        var restore = new Restore(_current, _isBackward);
        (_current, _isBackward) = (scope, backward);
        return restore;
    }

    internal void Add(Storage storage) => _storages.Add(storage);

    /// <summary>Takes over memory that another scope owns, if nobody else holds it.</summary>
    internal bool TryAdopt(Storage storage)
    {
        if (!storage.TryMoveTo(this))
        {
            return false;
        }

        _storages.Add(storage);
        return true;
    }

    /// <summary>Returns everything made in this scope. The scope can be used again.</summary>
    public void Dispose()
    {
        foreach (Storage storage in _storages)
        {
            if (storage.Owner == this)
            {
                storage.Return();
            }
        }

        _storages.Clear();
    }

    internal readonly ref struct Restore(MemoryScope? scope, bool backward)
    {
        public void Dispose() => (_current, _isBackward) = (scope, backward);
    }
}
