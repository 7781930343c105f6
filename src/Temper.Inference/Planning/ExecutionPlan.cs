namespace Temper.Inference;

/// <summary>
/// The steps of a session for a batch size, in order, with their buffers and the memory slots that the buffers share.
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

    /// <summary>
    /// Steps that fill the buffers of constants; run once per session memory rather than once per run.
    /// </summary>
    internal PlannedStep[] Setup { get; }

    internal PlannedStep[] Steps { get; }

    internal PlannedBuffer[] Buffers { get; }

    /// <summary>Indices of the caller's input buffers, in order.</summary>
    internal int[] Inputs { get; }

    /// <summary>Indices of the caller's output buffers, in order.</summary>
    internal int[] Outputs { get; }

    /// <summary>
    /// For each step, the buffers in steps' own memory (<see cref="Step.BringsMemory"/>) that no later step reads.
    /// </summary>
    internal int[][] Releases { get; }

    /// <summary>
    /// Memory slot of each buffer; -1 if the buffer belongs to the caller, is an alias or a tensor, or is a step's own
    /// memory.
    /// </summary>
    internal int[] Slots { get; }

    /// <summary>Returns the buffer that owns the memory of a buffer; the buffer itself if it is not an alias.</summary>
    internal int Root(int buffer)
    {
        while (Buffers[buffer].AliasOf >= 0)
        {
            buffer = Buffers[buffer].AliasOf;
        }

        return buffer;
    }
}
