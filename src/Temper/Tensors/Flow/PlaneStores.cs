using System.Collections.Concurrent;
using System.Numerics;

namespace Temper.Tensors.Flow;

/// <summary>
/// Stores of planes that no thread uses now, for those that compute flow next. Bounded: a machine with many processors
/// would otherwise keep the memory of as many large images until the process ends. Thread-safe.
/// </summary>
/// <param name="largest">Largest store that is kept, in elements.</param>
/// <param name="total">Maximum number of elements of all stores together.</param>
internal sealed class PlaneStores<T>(long largest, long total)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly ConcurrentBag<PlaneStore<T>> _stores = [];
    private long _kept;

    /// <summary>Elements of all stores that are kept.</summary>
    internal long Kept => Interlocked.Read(ref _kept);

    /// <summary>Returns a store for one thread, a kept one if possible.</summary>
    internal PlaneStore<T> Take()
    {
        if (!_stores.TryTake(out PlaneStore<T>? store))
        {
            return new PlaneStore<T>();
        }

        Interlocked.Add(ref _kept, -store.Size);
        return store;
    }

    /// <summary>
    /// Keeps a store for the next thread, or leaves it to the garbage collector if that would be too much.
    /// </summary>
    internal void Give(PlaneStore<T> store)
    {
        if (store.Size > largest)
        {
            return;
        }

        if (Interlocked.Add(ref _kept, store.Size) <= total)
        {
            _stores.Add(store);
        }
        else
        {
            Interlocked.Add(ref _kept, -store.Size);
        }
    }
}
