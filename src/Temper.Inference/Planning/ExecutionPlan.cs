namespace Temper.Inference;

/// <summary>
/// What a session does for a batch of some size: steps in order, buffers, and which buffers take turns in one slot of
/// memory.
/// </summary>
internal sealed class ExecutionPlan
{
    internal ExecutionPlan(
        IReadOnlyList<PlannedStep> setup, IReadOnlyList<PlannedStep> steps, IReadOnlyList<PlannedBuffer> buffers,
        int[] inputs, int[] outputs)
    {
        Setup = [.. setup];
        Steps = [.. steps];
        Buffers = [.. buffers];
        (Inputs, Outputs) = (inputs, outputs);
        Slots = SlotAssignment.Of(this);
        Releases = SlotAssignment.ReleasesOf(this);
    }

    /// <summary>Steps that fill the buffers of constants: run once for each session's memory, not once a run.</summary>
    internal PlannedStep[] Setup { get; }

    internal PlannedStep[] Steps { get; }

    internal PlannedBuffer[] Buffers { get; }

    /// <summary>Buffers that are the caller's input, in order.</summary>
    internal int[] Inputs { get; }

    /// <summary>Buffers that are the caller's output, in order.</summary>
    internal int[] Outputs { get; }

    /// <summary>
    /// For each step the buffers with memory of steps (<see cref="Step.BringsMemory"/>) that no later step reads.
    /// </summary>
    internal int[][] Releases { get; }

    /// <summary>
    /// For each buffer the slot that it lies in; -1 where it is the caller's, an alias, a tensor or a step's own
    /// memory.
    /// </summary>
    internal int[] Slots { get; }

    /// <summary>The buffer whose memory a buffer has.</summary>
    internal int Root(int buffer)
    {
        while (Buffers[buffer].AliasOf >= 0)
        {
            buffer = Buffers[buffer].AliasOf;
        }

        return buffer;
    }
}
