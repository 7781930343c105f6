using Temper.Tensors;

namespace Temper.Snooping.Logs;

/// <summary>Format of the observations in a stream, as known to an eavesdropper before recording.</summary>
/// <param name="FrameShape">Shape of one observation before stacking, <c>[C, H, W]</c> or <c>[D]</c>.</param>
/// <param name="Frames">Assumed number of observations that the agent stacks.</param>
/// <param name="Minimum">Smallest value of an observation; negative infinity: unknown.</param>
/// <param name="Maximum">Largest value of an observation; infinity: unknown.</param>
/// <param name="Actions">Number of actions; 0: unknown.</param>
/// <param name="Source">Description of where the stream was recorded, for display.</param>
public sealed record StreamInfo(Shape FrameShape, int Frames, float Minimum, float Maximum, int Actions, string Source)
{
    /// <summary>Largest number of actions that a log may have.</summary>
    internal const int MostActions = 1 << 20;

    /// <summary>
    /// The actions of a log are below this number. If the number of actions is unknown, the limit keeps one wrong
    /// action from giving a proxy billions of outputs.
    /// </summary>
    internal int ActionLimit => Actions > 0 ? Actions : MostActions;

    /// <summary>
    /// Shape of the stacked observation that the agent sees: the frames concatenated along the first axis, newest last.
    /// </summary>
    public Shape StackShape => Shape.Create([FrameShape[0] * Frames, .. FrameShape.AsSpan()[1..]]);
}
