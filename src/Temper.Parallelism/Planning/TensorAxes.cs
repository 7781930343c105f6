namespace Temper.Parallelism.Planning;

/// <summary>
/// Which axis of a tensor a split divides, on the side of the layer that makes it (held) and of the one that takes it
/// (needed). A split moves data between two layers where both sides divide, and not the same axis.
/// </summary>
internal static class TensorAxes
{
    // An axis that a side does not divide is Free: partial sums of all elements (held), or all elements (needed).
    private const int Free = 0, Samples = 1, Channels = 2, Rows = 3;
    private static readonly int[] HeldByWeighted = [Samples, Free, Channels, Rows];
    private static readonly int[] NeededByWeighted = [Samples, Channels, Free, Rows];
    private static readonly int[] Apart = [Samples, Channels, Free, Rows];

    /// <summary>
    /// Whether data move at a level between a layer with one split and its consumer with another one.
    /// </summary>
    internal static bool Mismatch(LayerKind from, int fromSplit, LayerKind to, int toSplit)
    {
        int held = Held(from, fromSplit), needed = (to == LayerKind.Weighted ? NeededByWeighted : Apart)[toSplit];
        return held != Free && needed != Free && held != needed;
    }

    /// <summary>Whether an output of the network has to move to where whole samples are, for the loss.</summary>
    internal static bool MismatchAtLoss(LayerKind from, int fromSplit) =>
        Held(from, fromSplit) is not (Free or Samples);

    private static int Held(LayerKind kind, int split) => (kind == LayerKind.Weighted ? HeldByWeighted : Apart)[split];
}
