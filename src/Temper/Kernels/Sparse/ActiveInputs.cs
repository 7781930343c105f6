namespace Temper.Kernels;

/// <summary>The elements of a vector that are not zero, found in one pass without branches.</summary>
internal static unsafe class ActiveInputs
{
    /// <summary>Finds them.</summary>
    /// <param name="x">The vector.</param>
    /// <param name="count">Its elements.</param>
    /// <param name="places">Receives their places, in order; room for <paramref name="count"/> + 1.</param>
    /// <param name="values">Receives the elements themselves; room for <paramref name="count"/> + 1.</param>
    /// <returns>How many there are. A NaN is one.</returns>
    internal static int Find(float* x, int count, int* places, float* values)
    {
        nint found = 0;
        for (int i = 0; i < count; i++)
        {
            float value = x[i];
            places[found] = i;
            values[found] = value;
            found += value == 0 ? 0 : 1;
        }

        return (int)found;
    }
}
