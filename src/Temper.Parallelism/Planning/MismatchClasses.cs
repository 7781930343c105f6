namespace Temper.Parallelism.Planning;

/// <summary>
/// Groups pairs of patterns into classes by the number of levels at which they mismatch, counted separately for levels
/// with different numbers of groups. All pairs of a class move the same fraction of a tensor.
/// </summary>
internal sealed class MismatchClasses
{
    private readonly double[] _moved;
    private readonly int[] _increments;

    internal MismatchClasses(Hierarchy hierarchy, bool isProduct)
    {
        double[] kept = hierarchy.Kept;
        double[] kinds = [.. kept.Distinct()];
        int[] sizes = [.. kinds.Select(kind => kept.Count(other => other == kind) + 1)];
        int[] strides = new int[kinds.Length];
        Count = 1;
        for (int i = 0; i < kinds.Length; i++)
        {
            strides[i] = Count;
            Count *= sizes[i];
        }

        (IsProduct, Levels) = (isProduct, [.. kept.Select(part => 1 - part)]);
        _increments = [.. kept.Select(part => strides[Array.IndexOf(kinds, part)])];
        _moved = new double[Count];
        for (int i = 0; i < Count; i++)
        {
            int[] counts = [.. kinds.Select((_, kind) => i / strides[kind] % sizes[kind])];
            _moved[i] = isProduct
                ? 1 - kinds.Select((kind, j) => Math.Pow(kind, counts[j]))
                    .Aggregate(1.0, (product, part) => product * part)
                : kinds.Select((kind, j) => (1 - kind) * counts[j]).Sum();
        }
    }

    internal int Count { get; }

    /// <summary>True: the fractions kept at each level multiply; false: the fractions moved add.</summary>
    internal bool IsProduct { get; }

    /// <summary>For each level: the fraction that it moves alone.</summary>
    internal double[] Levels { get; }

    /// <summary>Returns the increment of the class index by a mismatch at a level.</summary>
    internal int Increment(int level) => _increments[level];

    /// <summary>Returns the fraction of a tensor that a class moves.</summary>
    internal double Moved(int index) => _moved[index];

    internal int ClassOf((LayerKind From, LayerKind To) kinds, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        int index = 0;
        for (int level = 0; level < from.Length; level++)
        {
            index += TensorAxes.Mismatch(kinds.From, from[level], kinds.To, to[level]) ? _increments[level] : 0;
        }

        return index;
    }

    internal int ClassAtLoss(LayerKind kind, ReadOnlySpan<byte> digits)
    {
        int index = 0;
        for (int level = 0; level < digits.Length; level++)
        {
            index += TensorAxes.MismatchAtLoss(kind, digits[level]) ? _increments[level] : 0;
        }

        return index;
    }
}
