namespace Temper.Parallelism.Planning;

/// <summary>
/// Axis of a tensor that a split divides, both as the producing layer holds it (held) and as the consuming layer needs
/// it (needed). Data move between two layers if both sides divide an axis and the axes differ.
/// </summary>
internal static class TensorAxes
{
    // Free: the side divides no axis. It holds partial sums of all elements (held), or needs all elements (needed).
    private const int Free = 0, Samples = 1, Channels = 2, Rows = 3;
    private static readonly int[] HeldByWeighted = [Samples, Free, Channels, Rows];
    private static readonly int[] NeededByWeighted = [Samples, Channels, Free, Rows];
    private static readonly int[] Apart = [Samples, Channels, Free, Rows];

    /// <summary>
    /// Whether data move at a level between a layer with one split and its consumer with another split.
    /// </summary>
    internal static bool Mismatch(LayerKind from, int fromSplit, LayerKind to, int toSplit)
    {
        int held = Held(from, fromSplit), needed = (to == LayerKind.Weighted ? NeededByWeighted : Apart)[toSplit];
        return held != Free && needed != Free && held != needed;
    }

    /// <summary>Whether a network output has to move for the loss, which needs whole samples.</summary>
    internal static bool MismatchAtLoss(LayerKind from, int fromSplit) =>
        Held(from, fromSplit) is not (Free or Samples);

    private static int Held(LayerKind kind, int split) => (kind == LayerKind.Weighted ? HeldByWeighted : Apart)[split];
}
