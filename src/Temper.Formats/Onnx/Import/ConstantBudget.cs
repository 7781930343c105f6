namespace Temper.Formats.Onnx;

/// <summary>
/// Limits the constants that nodes need beyond those in the file, such as masks. A few bytes of a file can ask for a
/// large one, in each of many nodes.
/// </summary>
/// <param name="max">Maximum number of elements of all constants of an import together.</param>
internal sealed class ConstantBudget(long max = 1 << 26)
{
    private long _rest = max;

    /// <summary>Maximum number of elements of all constants together.</summary>
    internal long Max { get; } = max;

    /// <summary>Counts the elements of a constant; false if there are too many now.</summary>
    internal bool TryTake(long elements)
    {
        if (elements > _rest)
        {
            return false;
        }

        _rest -= elements;
        return true;
    }
}
