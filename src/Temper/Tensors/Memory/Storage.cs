using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Temper.Kernels;

namespace Temper.Tensors.Memory;

/// <summary>
/// Memory of a tensor and its views: an array owned by the garbage collector or by a scope, or external memory that its
/// owner keeps in place until <see cref="Return"/>.
/// </summary>
internal abstract class Storage
{
    private int _references;

    /// <summary>Created during a backward pass: released as soon as no gradient slot holds it.</summary>
    private bool _isTransient;

    /// <summary>Number of in-place writes. A tape compares it to detect recorded values that changed.</summary>
    internal int Version { get; private set; }

    /// <summary>The scope that releases the array when it closes; null: the garbage collector owns the array.</summary>
    internal MemoryScope? Owner { get; private protected set; }

    internal abstract bool IsReturned { get; }

    /// <summary>Size in bytes; 0 after <see cref="Return"/>.</summary>
    internal abstract long Bytes { get; }

    /// <summary>True if a single gradient slot holds this memory, so that gradients may be added in place.</summary>
    internal bool IsExclusive => _isTransient && _references == 1;

    internal static Storage<T> Create<T>(int count, MemoryScope? owner)
        where T : unmanaged
    {
        var storage = new Storage<T>(count, owner) { _isTransient = owner is not null && MemoryScope.IsBackward };
        owner?.Add(storage);
        return storage;
    }

    /// <exception cref="ObjectDisposedException">The scope that owned this memory has released it.</exception>
    internal void RequireMemory()
    {
        if (IsReturned)
        {
            throw Returned();
        }
    }

    internal void MarkWritten() => Version++;

    /// <summary>
    /// Makes a scope the owner. The new owner must close after the previous one, because holders of the memory rely on
    /// its lifetime.
    /// </summary>
    /// <param name="scope">The new owner.</param>
    /// <param name="isTransient">
    /// Whether the memory is released with its last reference, before the scope closes.
    /// </param>
    internal void MoveTo(MemoryScope scope, bool isTransient)
    {
        if (Owner != scope)
        {
            Owner = scope;
            scope.Add(this);
        }

        _isTransient = isTransient;
    }

    /// <summary>Makes memory that would be released earlier live as long as a scope.</summary>
    internal void KeepFor(MemoryScope scope)
    {
        if (Owner is not null && (Owner == scope ? _isTransient : Owner.ClosesBefore(scope)))
        {
            MoveTo(scope, isTransient: false);
        }
    }

    internal void Retain() => _references++;

    /// <summary>
    /// Releases one reference. After the last one, memory created in a backward pass is released immediately.
    /// </summary>
    internal void Release()
    {
        if (--_references == 0 && _isTransient)
        {
            Return();
        }
    }

    /// <summary>Returns the array to the pool. Every later access throws.</summary>
    internal abstract void Return();

    private protected static ObjectDisposedException Returned() => new(
        nameof(Tensor),
        "Tensor: its memory was released by the tape or TensorScope that owned it; to keep a tensor, call "
        + "Detach() or TensorScope.Keep() before that");
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

    /// <summary>Uses external memory, which its owner keeps in place until <see cref="Return"/>.</summary>
    internal Storage(FloatAddress rented, int count) => (_rented, _count) = (rented, count);

    internal override bool IsReturned => _array is null && _rented.IsNull;

    internal override long Bytes => IsReturned ? 0 : (long)_count * Unsafe.SizeOf<T>();

    /// <summary>
    /// Address of the first element; null if the garbage collector may move the memory, as it may small arrays.
    /// </summary>
    internal FloatAddress Address => _array is null
        ? _rented
        : Owner is null
        ? default
        : FloatAddress.OfPinned(_array) + (_start * Unsafe.SizeOf<T>() / sizeof(float));

    /// <exception cref="ObjectDisposedException">The scope that owned this memory has released it.</exception>
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
