namespace Temper.Inference;

/// <summary>
/// Assigns memory slots so that buffers which are never needed at the same time share a slot. A slot is as large as its
/// largest buffer for the given batch, so a plan works for any batch size. Constants come first and have their own
/// slots: their sizes do not depend on the batch, so they stay valid when the batch size changes.
/// </summary>
internal static class SlotAssignment
{
    internal static int[] Of(ExecutionPlan plan)
    {
        int[] lastUse = LastUses(plan);
        int[] slots = new int[plan.Buffers.Length];
        Array.Fill(slots, -1);
        var sizes = new List<long>();
        var free = new List<int>();
        foreach (PlannedStep step in plan.Setup.Where(step => NeedsSlot(plan, step.Output)))
        {
            slots[step.Output] = Take(free, sizes, plan.Buffers[step.Output].Floats(batch: 1));
            lastUse[step.Output] = int.MaxValue;
        }

        for (int i = 0; i < plan.Steps.Length; i++)
        {
            PlannedStep step = plan.Steps[i];
            foreach (int output in step.Outputs.Where(output => NeedsSlot(plan, output)
                && !(step.Step.BringsMemory && output == step.Output)))
            {
                slots[output] = Take(free, sizes, plan.Buffers[output].Floats(batch: 1));
            }

            foreach (int buffer in step.Inputs.Concat(step.Outputs).Select(plan.Root).Distinct())
            {
                if (lastUse[buffer] == i && slots[buffer] >= 0)
                {
                    free.Add(slots[buffer]);
                }
            }
        }

        return slots;
    }

    internal static int[][] ReleasesOf(ExecutionPlan plan)
    {
        int[] lastUse = LastUses(plan);
        int[] brought = [.. plan.Steps.Where(step => step.Step.BringsMemory).Select(step => step.Output).Where(
            output => !plan.Outputs.Contains(output))];
        return [.. plan.Steps.Select((_, i) => brought.Where(buffer => lastUse[buffer] == i).ToArray())];
    }

    /// <summary>
    /// Returns the best free slot: the smallest that is large enough, else the largest, which grows. Adds a slot if
    /// none is free.
    /// </summary>
    private static int Take(List<int> free, List<long> sizes, long size)
    {
        int best = -1;
        foreach (int slot in free)
        {
            bool isBetter = best < 0
                || (sizes[slot] >= size
                    ? sizes[best] < size || sizes[slot] < sizes[best]
                    : sizes[best] < size && sizes[slot] > sizes[best]);
            best = isBetter ? slot : best;
        }

        if (best < 0)
        {
            sizes.Add(size);
            return sizes.Count - 1;
        }

        free.Remove(best);
        sizes[best] = Math.Max(sizes[best], size);
        return best;
    }

    private static bool NeedsSlot(ExecutionPlan plan, int buffer) =>
        plan.Buffers[buffer] is { AliasOf: < 0, Layout.Kind: not LayoutKind.Tensor }
            && !plan.Inputs.Contains(buffer)
            && !plan.Outputs.Contains(buffer);

    private static int[] LastUses(ExecutionPlan plan)
    {
        int[] last = new int[plan.Buffers.Length];
        for (int i = 0; i < plan.Steps.Length; i++)
        {
            foreach (int buffer in plan.Steps[i].Inputs.Concat(plan.Steps[i].Outputs))
            {
                last[plan.Root(buffer)] = i;
            }
        }

        return last;
    }
}
