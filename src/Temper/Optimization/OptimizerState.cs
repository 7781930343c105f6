namespace Temper.Optimization;

/// <summary>What an optimizer remembers of one parameter: a step count and named arrays, one number a weight.</summary>
public sealed class OptimizerState
{
    private readonly OptimizerSlot[] _slots;

    /// <summary>A state with the given content, as read from a checkpoint.</summary>
    /// <param name="steps">Steps done.</param>
    /// <param name="slots">The arrays, kept and updated in place.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public OptimizerState(long steps, IEnumerable<OptimizerSlot> slots)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Steps = steps;
        _slots = [.. slots];
    }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>The arrays, in the optimizer's order.</summary>
    public IReadOnlyList<OptimizerSlot> Slots => _slots;

    /// <summary>The array number <paramref name="slot"/>.</summary>
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
            $"{optimizer}: the state does not fit (got [{got}], expected [{expected}]); make it with CreateState of "
            + "the same optimizer and options");
    }
}

/// <summary>One array of an <see cref="OptimizerState"/>.</summary>
/// <param name="Name">PyTorch's name, for example <c>exp_avg</c>.</param>
/// <param name="Values">One number a weight.</param>
public readonly record struct OptimizerSlot(string Name, float[] Values);
