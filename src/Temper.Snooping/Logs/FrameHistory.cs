namespace Temper.Snooping.Logs;

/// <summary>
/// Stacks the last frames of a stream, oldest first. The first frame of an episode fills the whole stack.
/// </summary>
internal static class FrameHistory
{
    /// <summary>Copies the stack whose newest frame is a given step of a log.</summary>
    internal static void Copy(IStateLog log, int step, Span<float> stack)
    {
        int size = log.Stream.FrameShape.Count, from = step;
        for (int frame = log.Stream.Frames - 1; frame >= 0; frame--)
        {
            log.Observation(from).CopyTo(stack.Slice(frame * size, size));
            from -= log.IsFirst(from) || from == 0 ? 0 : 1;
        }
    }

    /// <summary>Appends one frame to a stack and drops the oldest one.</summary>
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

    /// <summary>Returns the episodes of a log as ranges of steps.</summary>
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
