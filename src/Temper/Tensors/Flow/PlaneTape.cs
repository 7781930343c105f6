using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>
/// Planes that are rented and given back, so that a flow allocates nothing once it has run. For one thread at a time.
/// </summary>
internal sealed class PlaneStore<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Dictionary<PlaneSize, Stack<Plane<T>>> _free = [];

    /// <summary>Elements of all planes that this store has made.</summary>
    internal long Size { get; private set; }

    /// <summary>A plane: zeros, or finite numbers that the caller overwrites.</summary>
    internal Plane<T> Rent(PlaneSize size, bool clears = true)
    {
        if (_free.TryGetValue(size, out Stack<Plane<T>>? free) && free.TryPop(out Plane<T>? plane))
        {
            if (clears)
            {
                plane.Clear();
            }

            return plane;
        }

        Size += size.Count;

        return new Plane<T>(size);
    }

    internal void Return(Plane<T> plane)
    {
        if (!_free.TryGetValue(plane.Size, out Stack<Plane<T>>? free))
        {
            _free[plane.Size] = free = [];
        }

        free.Push(plane);
    }
}

/// <summary>A plane with its place on a tape: the values, and the gradient once something has added to it.</summary>
internal sealed class PlaneValue<T>(Plane<T> values, bool isFollowed)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal Plane<T> Values { get; } = values;

    internal PlaneSize Size => Values.Size;

    /// <summary>Whether its gradient is wanted.</summary>
    internal bool IsFollowed { get; } = isFollowed;

    internal Plane<T>? Gradient { get; set; }
}

/// <summary>
/// Reverse-mode differentiation of operations on planes. A tape that does not record gives planes back as soon as they
/// are dropped; one that records keeps them until it is disposed.
/// </summary>
internal sealed class PlaneTape<T>(PlaneStore<T> store, bool records) : IDisposable
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly List<Action> _backward = [];
    private readonly List<PlaneValue<T>> _owned = [];

    internal bool Records => records;

    /// <summary>A value of zeros that depends on nothing.</summary>
    internal PlaneValue<T> Zeros(PlaneSize size)
    {
        var value = new PlaneValue<T>(store.Rent(size), isFollowed: false);
        _owned.Add(value);
        return value;
    }

    /// <summary>The value of an operation, which overwrites all of it.</summary>
    internal PlaneValue<T> New(PlaneSize size, bool isFollowed = true)
    {
        var value = new PlaneValue<T>(store.Rent(size, clears: false), records && isFollowed);
        _owned.Add(value);
        return value;
    }

    /// <summary>Room that an operation needs until it gives it back with <see cref="Return"/>.</summary>
    internal Plane<T> Rent(PlaneSize size) => store.Rent(size);

    internal void Return(Plane<T> plane) => store.Return(plane);

    /// <summary>Says that the algorithm does not need values any more; only the gradient may.</summary>
    internal void Drop(params ReadOnlySpan<PlaneValue<T>> values)
    {
        if (records)
        {
            return;
        }

        foreach (PlaneValue<T> value in values)
        {
            if (_owned.Remove(value))
            {
                store.Return(value.Values);
            }
        }
    }

    /// <summary>Adds an operation's backward step, which adds to the gradients of its inputs.</summary>
    internal void Record(Action backward)
    {
        if (records)
        {
            _backward.Add(backward);
        }
    }

    /// <summary>The gradient of a value, zero if there was none; null where it is not wanted.</summary>
    internal Plane<T>? GradientOf(PlaneValue<T> value) =>
        value.IsFollowed ? value.Gradient ??= store.Rent(value.Size) : null;

    /// <summary>The gradient of a value to read or add to, also where nobody wants it.</summary>
    internal Plane<T> Sink(PlaneValue<T> value) => value.Gradient ??= store.Rent(value.Size);

    /// <summary>
    /// Runs a section of which only inputs and outputs are kept; the backward pass runs it again. It must give the same
    /// both times.
    /// </summary>
    internal PlaneValue<T>[] Section(
        PlaneValue<T>[] inputs, Func<PlaneTape<T>, PlaneValue<T>[], PlaneValue<T>[]> section)
    {
        if (!records)
        {
            return section(this, inputs);
        }

        PlaneValue<T>[] outputs;
        using (var first = new PlaneTape<T>(store, records: false))
        {
            PlaneValue<T>[] inner = section(first, inputs);
            outputs = [.. inner.Select(value => Adopt(first, value))];
        }

        Record(() =>
        {
            using var again = new PlaneTape<T>(store, records: true);
            PlaneValue<T>[] sources = [.. inputs.Select(
                input => new PlaneValue<T>(input.Values, input.IsFollowed) { Gradient = GradientOf(input) })];
            PlaneValue<T>[] results = section(again, sources);
            for (int i = 0; i < results.Length; i++)
            {
                if (outputs[i].Gradient is { } gradient)
                {
                    again.Sink(results[i]).Add(gradient, T.One);
                }
            }

            again.Backward();
            foreach (PlaneValue<T> source in sources)
            {
                if (!source.IsFollowed && source.Gradient is { } unwanted)
                {
                    store.Return(unwanted);
                }
            }
        });
        return outputs;
    }

    /// <summary>Runs the backward steps, the last first.</summary>
    internal void Backward()
    {
        for (int i = _backward.Count - 1; i >= 0; i--)
        {
            _backward[i]();
        }
    }

    /// <summary>Gives all planes back.</summary>
    public void Dispose()
    {
        foreach (PlaneValue<T> value in _owned)
        {
            store.Return(value.Values);
            if (value.Gradient is { } gradient)
            {
                store.Return(gradient);
            }
        }

        _owned.Clear();
    }

    private PlaneValue<T> Adopt(PlaneTape<T> from, PlaneValue<T> value)
    {
        from._owned.Remove(value);
        var own = new PlaneValue<T>(value.Values, isFollowed: true);
        _owned.Add(own);
        return own;
    }
}
