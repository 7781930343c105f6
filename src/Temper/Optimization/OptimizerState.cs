namespace Temper.Optimization;

/// <summary>
/// State of an optimizer for one parameter: a step count and named arrays with one number per weight.
/// </summary>
public sealed class OptimizerState
{
    private readonly OptimizerSlot[] _slots;

    /// <summary>Creates a state with the given content, for example from a checkpoint.</summary>
    /// <param name="steps">Number of completed steps, 0 or more.</param>
    /// <param name="slots">The arrays; not copied, and updated in place.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step count is negative.</exception>
    public OptimizerState(long steps, IEnumerable<OptimizerSlot> slots)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Steps = steps;
        _slots = [.. slots];
    }

    /// <summary>Number of completed steps.</summary>
    public long Steps { get; private set; }

    /// <summary>The arrays, in the order defined by the optimizer.</summary>
    public IReadOnlyList<OptimizerSlot> Slots => _slots;

    /// <summary>Returns the array with the given index.</summary>
    internal Span<float> this[int slot] => _slots[slot].Values;

    internal void CountStep() => Steps++;

    internal void Require(string optimizer, IReadOnlyList<string> names, int length)
    {
        bool fits = names.Count == _slots.Length;
        for (int i = 0; fits && i < _slots.Length; i++)
        {
            fits = string.Equals(_slots[i].Name, names[i], StringComparison.Ordinal)
                && _slots[i].Values.Length == length;
        }

        if (!fits)
        {
            throw Misfit(optimizer, names, length);
        }
    }

    private ArgumentException Misfit(string optimizer, IReadOnlyList<string> names, int length)
    {
        string got = string.Join(", ", _slots.Select(s => $"{s.Name}[{s.Values.Length}]"));
        string expected = string.Join(", ", names.Select(n => $"{n}[{length}]"));
        return new ArgumentException(
            $"{optimizer}: the state does not match the optimizer (got [{got}], expected [{expected}]); create it "
            + "with CreateState of the same optimizer and options");
    }
}

/// <summary>One array of an <see cref="OptimizerState"/>.</summary>
/// <param name="Name">Name as in PyTorch, for example <c>exp_avg</c>.</param>
/// <param name="Values">One number per weight.</param>
public readonly record struct OptimizerSlot(string Name, float[] Values);
