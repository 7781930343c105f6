using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Temper.Kernels;

namespace Temper.Tensors.Memory;

/// <summary>
/// The memory of one tensor and its views: an array that either the garbage collector or a scope owns, or memory that
/// somebody else keeps in place until <see cref="Return"/>.
/// </summary>
internal abstract class Storage
{
    private int _references;

    /// <summary>Made during a backward pass: goes back as soon as no gradient slot holds it.</summary>
    private bool _isTransient;

    /// <summary>Counts writes in place, so that a tape notices values that changed under it.</summary>
    internal int Version { get; private set; }

    /// <summary>The scope that takes the array back when it closes; null where the garbage collector does.</summary>
    internal MemoryScope? Owner { get; private protected set; }

    internal abstract bool IsReturned { get; }

    /// <summary>How much memory it holds; 0 once it is returned.</summary>
    internal abstract long Bytes { get; }

    /// <summary>True while one gradient slot alone holds this memory, so that it may be added to in place.</summary>
    internal bool IsExclusive => _isTransient && _references == 1;

    internal static Storage<T> Create<T>(int count, MemoryScope? owner)
        where T : unmanaged
    {
        var storage = new Storage<T>(count, owner) { _isTransient = owner is not null && MemoryScope.IsBackward };
        owner?.Add(storage);
        return storage;
    }

    /// <exception cref="ObjectDisposedException">The scope that owned this memory has taken it back.</exception>
    internal void RequireMemory()
    {
        if (IsReturned)
        {
            throw Returned();
        }
    }

    internal void MarkWritten() => Version++;

    /// <summary>
    /// Makes a scope the owner. Those who hold the memory now rely on it: it must live longer than the owner before.
    /// </summary>
    /// <param name="scope">The new owner.</param>
    /// <param name="isTransient">Whether the memory goes back with the last reference, before the scope closes.</param>
    internal void MoveTo(MemoryScope scope, bool isTransient)
    {
        if (Owner != scope)
        {
            Owner = scope;
            scope.Add(this);
        }

        _isTransient = isTransient;
    }

    /// <summary>Makes memory that would go back earlier live as long as a scope.</summary>
    internal void KeepFor(MemoryScope scope)
    {
        if (Owner is not null && (Owner == scope ? _isTransient : Owner.ClosesBefore(scope)))
        {
            MoveTo(scope, isTransient: false);
        }
    }

    internal void Retain() => _references++;

    /// <summary>Gives up one reference; the last gives what a backward pass made back at once.</summary>
    internal void Release()
    {
        if (--_references == 0 && _isTransient)
        {
            Return();
        }
    }

    /// <summary>Gives the array back to the pool; every later access is an error.</summary>
    internal abstract void Return();

    private protected static ObjectDisposedException Returned() => new(
        nameof(Tensor),
        "Tensor: its memory went back with the tape or the TensorScope that owned it; call Detach() before that to "
        + "keep a tensor, or Keep() of the scope");
}

internal sealed class Storage<T> : Storage
    where T : unmanaged
{
    private readonly int _start;
    private readonly int _count;
    private T[]? _array;
    private FloatAddress _rented;

    internal Storage(int count, MemoryScope? owner)
    {
        _array = owner is null ? BufferPool<T>.Allocate(count) : BufferPool<T>.Rent(count);
        _start = BufferPool<T>.Start(_array);
        _count = count;
        Owner = owner;
    }

    /// <summary>Memory of somebody else, who keeps it in place until this is returned.</summary>
    internal Storage(FloatAddress rented, int count) => (_rented, _count) = (rented, count);

    internal override bool IsReturned => _array is null && _rented.IsNull;

    internal override long Bytes => IsReturned ? 0 : (long)_count * Unsafe.SizeOf<T>();

    /// <summary>Where it lies; no place where it may be moved, as small arrays of the garbage collector may.</summary>
    internal FloatAddress Address => _array is null
        ? _rented
        : Owner is null
        ? default
        : FloatAddress.OfPinned(_array) + (_start * Unsafe.SizeOf<T>() / sizeof(float));

    /// <exception cref="ObjectDisposedException">The scope that owned this memory has taken it back.</exception>
    internal Span<T> Span => _array is { } array ? array.AsSpan(_start, _count) : Rented();

    internal override void Return()
    {
        _rented = default;
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            BufferPool<T>.Return(array, _count);
        }
    }

    private Span<T> Rented() => _rented.IsNull
        ? throw Returned()
        : MemoryMarshal.Cast<float, T>(_rented.Span(_count * Unsafe.SizeOf<T>() / sizeof(float)));
}
