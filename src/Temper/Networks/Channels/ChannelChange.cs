using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// What an edit of channels does to the lengths around one node, from which its operator makes the attributes that fit.
/// </summary>
internal sealed record ChannelChange
{
    /// <summary>Shapes of the inputs before, for a batch of one.</summary>
    internal required IReadOnlyList<Shape> Before { get; init; }

    /// <summary>Shapes of the inputs after.</summary>
    internal required IReadOnlyList<Shape> After { get; init; }

    /// <summary>Shape of the result after.</summary>
    internal required Shape Output { get; init; }

    /// <summary>
    /// For each axis of the first input the old index of each new one, -1 for an added one; null: nothing changes along
    /// it.
    /// </summary>
    internal required IReadOnlyList<int[]?> InputKept { get; init; }

    /// <summary>The same for the result.</summary>
    internal required IReadOnlyList<int[]?> OutputKept { get; init; }
}
