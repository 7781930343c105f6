using System.Numerics;

namespace Temper.Inference;

/// <summary>Batches that one plan serves: from a power of two up to the next, all above 64 together.</summary>
internal static class BatchClass
{
    private const int Largest = 64;

    /// <summary>The smallest batch of its class.</summary>
    internal static int Of(int batch) =>
        batch >= Largest ? Largest : (int)(BitOperations.RoundUpToPowerOf2((uint)batch + 1) / 2);

    /// <summary>The largest batch of a class; of the last, which has none, its smallest.</summary>
    /// <param name="smallest">The smallest batch of the class.</param>
    internal static int LargestOf(int smallest) => smallest == Largest ? smallest : (2 * smallest) - 1;
}
