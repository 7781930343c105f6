namespace Temper.Tensors.Memory;

/// <summary>
/// Owns the memory of the tensors made while it is the thread's current scope; closing it returns all of it.
/// </summary>
internal sealed class MemoryScope : IDisposable
{
    [ThreadStatic]
    private static MemoryScope? _current;

    [ThreadStatic]
    private static MemoryScope? _rented;

    [ThreadStatic]
    private static bool _isBackward;

    [ThreadStatic]
    private static long _opened;

    [ThreadStatic]
    private static Stack<MemoryScope>? _spare;

    private readonly List<Storage> _storages = [];

    /// <summary>
    /// When it was opened, as its thread counts, from 1: scopes close in the reverse order. 0: closed.
    /// </summary>
    private long _order;
    private int _thread;

    private MemoryScope()
    {
    }

    /// <summary>The scope that owns what this thread makes now; null: the garbage collector does.</summary>
    internal static MemoryScope? Current => _current;

    /// <summary>
    /// The scope that the current <see cref="TensorScope"/> of this thread rents from, whatever a tape or a pass has
    /// entered since; null: none.
    /// </summary>
    internal static MemoryScope? Rented { get => _rented; set => _rented = value; }

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

    /// <summary>
    /// Opens a scope on this thread. Closed ones are used again, so that their lists are not allocated each time.
    /// </summary>
    internal static MemoryScope Open()
    {
        MemoryScope scope = _spare is { Count: > 0 } ? _spare.Pop() : new MemoryScope();
        (scope._order, scope._thread) = (++_opened, Environment.CurrentManagedThreadId);
        return scope;
    }

    /// <summary>Whether this thread opened it: no other may make memory in it.</summary>
    internal bool IsOfThisThread => _thread == Environment.CurrentManagedThreadId;

    /// <summary>
    /// Whether this scope's memory goes back before another's. Scopes of different threads do not know of each other.
    /// </summary>
    internal bool ClosesBefore(MemoryScope other) => _order > other._order && _thread == other._thread;

    /// <summary>Bytes of the tensors that it owns and that are not back yet. Walks through all of them.</summary>
    internal long RentedBytes()
    {
        long bytes = 0;
        foreach (Storage storage in _storages)
        {
            bytes += storage.Owner == this ? storage.Bytes : 0;
        }

        return bytes;
    }

    internal void Add(Storage storage) => _storages.Add(storage);

    /// <summary>Takes over memory that another scope owns, if nobody else holds it.</summary>
    internal bool TryAdopt(Storage storage)
    {
        if (!storage.IsExclusive)
        {
            return false;
        }

        storage.MoveTo(this, isTransient: false);
        return true;
    }

    /// <summary>Returns everything that this scope still owns, and stays open.</summary>
    internal void Reset()
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

    /// <summary>
    /// Returns everything that this scope still owns and closes it; it is then the thread's to open again.
    /// </summary>
    public void Dispose()
    {
        if (_order == 0)
        {
            return;                                        // closed already: it must not be rented to two
        }

        Reset();
        _order = 0;
        (_spare ??= new Stack<MemoryScope>()).Push(this);
    }

    internal readonly ref struct Restore(MemoryScope? scope, bool backward)
    {
        public void Dispose() => (_current, _isBackward) = (scope, backward);
    }
}
