using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// The changes of lengths around one node in an edit of channels; its operator derives its new attributes from them.
/// </summary>
internal sealed record ChannelChange
{
    /// <summary>Shapes of the inputs before the edit, for a batch of one.</summary>
    internal required IReadOnlyList<Shape> Before { get; init; }

    /// <summary>Shapes of the inputs after the edit.</summary>
    internal required IReadOnlyList<Shape> After { get; init; }

    /// <summary>Shape of the result after the edit.</summary>
    internal required Shape Output { get; init; }

    /// <summary>
    /// For each axis of the first input, the old index of each new index (-1: added); null: the axis does not change.
    /// </summary>
    internal required IReadOnlyList<int[]?> InputKept { get; init; }

    /// <summary>For each axis of the result, the old index of each new index (-1: added); null: no change.</summary>
    internal required IReadOnlyList<int[]?> OutputKept { get; init; }
}
