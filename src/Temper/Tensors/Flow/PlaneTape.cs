using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>Pool of planes. After the first run, computing flow allocates nothing. Not thread-safe.</summary>
internal sealed class PlaneStore<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Dictionary<PlaneSize, Stack<Plane<T>>> _free = [];

    /// <summary>Total number of elements of all planes this store has allocated.</summary>
    internal long Size { get; private set; }

    /// <summary>Rents a plane.</summary>
    /// <param name="size">Height and width of the plane.</param>
    /// <param name="clears">
    /// True: the plane is filled with zeros. False: it holds unspecified finite values, which the caller must
    /// overwrite.
    /// </param>
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

/// <summary>
/// A plane recorded on a tape: its values, and its gradient (null until something has been added to it).
/// </summary>
internal sealed class PlaneValue<T>(Plane<T> values, bool isFollowed)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal Plane<T> Values { get; } = values;

    internal PlaneSize Size => Values.Size;

    /// <summary>Whether the tape must compute the gradient of this plane.</summary>
    internal bool IsFollowed { get; } = isFollowed;

    internal Plane<T>? Gradient { get; set; }
}

/// <summary>
/// Reverse-mode automatic differentiation for operations on planes. A recording tape keeps all planes until it is
/// disposed. A tape that does not record returns planes to the store as soon as they are dropped.
/// </summary>
internal sealed class PlaneTape<T>(PlaneStore<T> store, bool records) : IDisposable
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly List<Action> _backward = [];
    private readonly List<PlaneValue<T>> _owned = [];

    internal bool Records => records;

    /// <summary>Creates a plane of zeros that has no gradient.</summary>
    internal PlaneValue<T> Zeros(PlaneSize size)
    {
        var value = new PlaneValue<T>(store.Rent(size), isFollowed: false);
        _owned.Add(value);
        return value;
    }

    /// <summary>
    /// Creates the output of an operation. Its contents are unspecified: the operation must overwrite every element.
    /// </summary>
    internal PlaneValue<T> New(PlaneSize size, bool isFollowed = true)
    {
        var value = new PlaneValue<T>(store.Rent(size, clears: false), records && isFollowed);
        _owned.Add(value);
        return value;
    }

    /// <summary>Rents a scratch plane of zeros; give it back with <see cref="Return"/>.</summary>
    internal Plane<T> Rent(PlaneSize size) => store.Rent(size);

    internal void Return(Plane<T> plane) => store.Return(plane);

    /// <summary>
    /// Marks values as no longer needed by the forward pass. A recording tape still keeps them for the backward pass.
    /// </summary>
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

    /// <summary>
    /// Records the backward step of an operation, which adds to the gradients of the operation's inputs.
    /// </summary>
    internal void Record(Action backward)
    {
        if (records)
        {
            _backward.Add(backward);
        }
    }

    /// <summary>
    /// Returns the gradient of a value, created as zeros on first use; null if the value needs no gradient.
    /// </summary>
    internal Plane<T>? GradientOf(PlaneValue<T> value) =>
        value.IsFollowed ? value.Gradient ??= store.Rent(value.Size) : null;

    /// <summary>
    /// Returns the gradient of a value to read or add to, created as zeros even if the value needs none.
    /// </summary>
    internal Plane<T> Sink(PlaneValue<T> value) => value.Gradient ??= store.Rent(value.Size);

    /// <summary>
    /// Runs a section of which the tape keeps only the inputs and outputs. The backward pass runs the section again, so
    /// it must return the same results both times.
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

    /// <summary>Runs the recorded backward steps in reverse order.</summary>
    internal void Backward()
    {
        for (int i = _backward.Count - 1; i >= 0; i--)
        {
            _backward[i]();
        }
    }

    /// <summary>Returns all planes to the store.</summary>
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
