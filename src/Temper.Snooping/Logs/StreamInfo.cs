using Temper.Tensors;

namespace Temper.Snooping.Logs;

/// <summary>What an eavesdropper knows of the stream without looking into it: the format of an observation.</summary>
/// <param name="FrameShape">Shape of one observation before any stacking, <c>[C, H, W]</c> or <c>[D]</c>.</param>
/// <param name="Frames">Observations that the agent is thought to look at together.</param>
/// <param name="Minimum">Smallest value of an observation; minus infinity: not known.</param>
/// <param name="Maximum">Largest value of an observation; infinity: not known.</param>
/// <param name="Actions">Number of actions, 0: not known.</param>
/// <param name="Source">Where the stream was recorded, for people.</param>
public sealed record StreamInfo(Shape FrameShape, int Frames, float Minimum, float Maximum, int Actions, string Source)
{
    /// <summary>
    /// Shape of what the agent sees at once: the frames one after the other along the first axis, the newest last.
    /// </summary>
    public Shape StackShape => Shape.Create([FrameShape[0] * Frames, .. FrameShape.AsSpan()[1..]]);
}
