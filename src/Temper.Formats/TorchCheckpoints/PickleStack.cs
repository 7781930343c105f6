namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// The stack and the memo of a pickle. Operations that do not fit throw <see cref="FormatException"/>.
/// </summary>
internal sealed class PickleStack
{
    private static readonly object Mark = new();

    private readonly List<object?> _values = [];
    private readonly Dictionary<long, object?> _memo = [];

    /// <summary>Number of entries, marks included.</summary>
    internal int Count => _values.Count;

    internal void Push(object? value) => _values.Add(value);

    internal void PushMark() => _values.Add(Mark);

    internal object? Peek() =>
        _values.Count > 0 && _values[^1] != Mark ? _values[^1] : throw new FormatException("the stack is empty");

    internal object? Pop()
    {
        object? top = Peek();
        _values.RemoveAt(_values.Count - 1);
        return top;
    }

    /// <summary>Removes and returns the topmost entries, in the order in which they were pushed.</summary>
    internal object?[] Pop(int count)
    {
        object?[] values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            values[i] = Pop();
        }

        return values;
    }

    /// <summary>Removes and returns everything above the last mark, and removes the mark.</summary>
    internal object?[] PopMark()
    {
        int mark = _values.LastIndexOf(Mark);
        if (mark < 0)
        {
            throw new FormatException("a mark is missing");
        }

        object?[] values = [.. _values.Skip(mark + 1)];
        _values.RemoveRange(mark, _values.Count - mark);
        return values;
    }

    /// <summary>Stores the top of the stack in the memo.</summary>
    internal void Remember(long index) => _memo[index] = Peek();

    /// <summary>Stores the top of the stack at the next index of the memo.</summary>
    internal void RememberNext() => Remember(_memo.Count);

    internal object? Recall(long index) => _memo.TryGetValue(index, out object? value)
        ? value
        : throw new FormatException($"the memo has no entry {index}");
}
