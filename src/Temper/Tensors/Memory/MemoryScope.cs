namespace Temper.Tensors.Memory;

/// <summary>
/// Owns the memory of the tensors created while it is the thread's current scope. Closing it releases all of it.
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
    /// Serial number of the opening among the scopes of its thread, from 1; scopes close in reverse order. 0: closed.
    /// </summary>
    private long _order;
    private int _thread;

    private MemoryScope()
    {
    }

    /// <summary>
    /// The scope that owns the tensors this thread creates now; null: the garbage collector owns them.
    /// </summary>
    internal static MemoryScope? Current => _current;

    /// <summary>
    /// The scope from which the innermost <see cref="TensorScope"/> of this thread rents, even if a tape or a backward
    /// pass has entered another scope since; null: there is none.
    /// </summary>
    internal static MemoryScope? Rented { get => _rented; set => _rented = value; }

    /// <summary>Whether this thread is in a backward pass.</summary>
    internal static bool IsBackward => _isBackward;

    /// <summary>Makes <paramref name="scope"/> the current scope until the result is disposed.</summary>
    /// <param name="scope">Owner of the tensors created from now on; null: the garbage collector.</param>
    /// <param name="backward">Whether a backward pass runs in the scope.</param>
    internal static Restore Enter(MemoryScope? scope, bool backward = false)
    {
        var restore = new Restore(_current, _isBackward);
        (_current, _isBackward) = (scope, backward);
        return restore;
    }

    /// <summary>Opens a scope on this thread. Closed scopes are reused to avoid allocating their lists again.</summary>
    internal static MemoryScope Open()
    {
        MemoryScope scope = _spare is { Count: > 0 } ? _spare.Pop() : new MemoryScope();
        (scope._order, scope._thread) = (++_opened, Environment.CurrentManagedThreadId);
        return scope;
    }

    /// <summary>Whether this thread opened the scope. Other threads must not create tensors in it.</summary>
    internal bool IsOfThisThread => _thread == Environment.CurrentManagedThreadId;

    /// <summary>
    /// Whether this scope closes before another one of the same thread. False for scopes of different threads.
    /// </summary>
    internal bool ClosesBefore(MemoryScope other) => _order > other._order && _thread == other._thread;

    /// <summary>Bytes of the tensors that this scope owns and has not released yet. Visits each of them.</summary>
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

    /// <summary>Takes over memory owned by another scope, unless something else holds a reference to it.</summary>
    internal bool TryAdopt(Storage storage)
    {
        if (!storage.IsExclusive)
        {
            return false;
        }

        storage.MoveTo(this, isTransient: false);
        return true;
    }

    /// <summary>Releases everything this scope still owns, and keeps the scope open.</summary>
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

    /// <summary>Releases everything this scope still owns and closes it. The thread can then reuse it.</summary>
    public void Dispose()
    {
        if (_order == 0)
        {
            // closed already: adding it to the spare scopes again would let two owners open it
            return;
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
