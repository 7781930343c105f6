namespace Temper.Snooping.Logs;

/// <summary>
/// The last frames of a stream as an agent stacks them: the oldest first; at the start of an episode its first frame
/// fills the stack.
/// </summary>
internal static class FrameHistory
{
    /// <summary>The stack that ends with a step of a log.</summary>
    internal static void Copy(IStateLog log, int step, Span<float> stack)
    {
        int size = log.Stream.FrameShape.Count, from = step;
        for (int frame = log.Stream.Frames - 1; frame >= 0; frame--)
        {
            log.Observation(from).CopyTo(stack.Slice(frame * size, size));
            from -= log.IsFirst(from) || from == 0 ? 0 : 1;
        }
    }

    /// <summary>Moves a stack on by one frame.</summary>
    internal static void Push(Span<float> stack, ReadOnlySpan<float> frame, bool isFirst)
    {
        int size = frame.Length;
        if (!isFirst)
        {
            stack[size..].CopyTo(stack);
            frame.CopyTo(stack[^size..]);
            return;
        }

        for (int i = 0; i < stack.Length; i += size)
        {
            frame.CopyTo(stack.Slice(i, size));
        }
    }

    /// <summary>Episodes as ranges of steps.</summary>
    internal static IReadOnlyList<Range> Episodes(IStateLog log)
    {
        var episodes = new List<Range>();
        for (int start = 0, step = 1; step <= log.Count; step++)
        {
            if (step == log.Count || log.IsFirst(step))
            {
                episodes.Add(start..step);
                start = step;
            }
        }

        return episodes;
    }
}
