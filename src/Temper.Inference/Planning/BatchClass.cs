using System.Numerics;

namespace Temper.Inference;

/// <summary>
/// Classes of batch sizes that share a plan: from each power of two up to the next, and one class from 64 on.
/// </summary>
internal static class BatchClass
{
    private const int Largest = 64;

    /// <summary>Returns the smallest batch size of the class of a batch.</summary>
    internal static int Of(int batch) =>
        batch >= Largest ? Largest : (int)(BitOperations.RoundUpToPowerOf2((uint)batch + 1) / 2);

    /// <summary>
    /// Returns the largest batch size of a class; for the last class, which is unbounded, its smallest.
    /// </summary>
    /// <param name="smallest">Smallest batch size of the class.</param>
    internal static int LargestOf(int smallest) => smallest == Largest ? smallest : (2 * smallest) - 1;
}
