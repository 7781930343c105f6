namespace Temper.Parallelism.Planning;

/// <summary>Thrown when no plan satisfies the limits on memory and batch.</summary>
/// <param name="message">Message with what the network needs.</param>
public sealed class InfeasiblePlanException(string message) : Exception(message);

/// <summary>
/// Finds a plan that fits into the memory of a rank. It tries the cheapest measures first: the plan as it is, a sharded
/// optimizer, recomputation of outputs, then other plans. Other plans are found by raising a price per byte of memory
/// until the plan fits.
/// </summary>
internal sealed class MemorySearch(PlanCost cost, JointSearch joint, RankMemory memory)
{
    private const int PriceSteps = 24;

    /// <summary>From the cheapest to the most expensive.</summary>
    private static readonly MemorySaving[] Savings =
        [
            MemorySaving.None, MemorySaving.ShardedOptimizer, MemorySaving.Recompute,
            MemorySaving.ShardedOptimizer | MemorySaving.Recompute,
        ];

    /// <summary>Returns a plan that fits, and the memory savings that it needs.</summary>
    /// <exception cref="InfeasiblePlanException">Even the plan with the least memory does not fit.</exception>
    internal (int[] Patterns, MemorySaving Saving) Find(int[] best, double limit)
    {
        foreach (MemorySaving saving in Savings.Where(saving => memory.Plan(best, saving) <= limit))
        {
            return (best, saving);
        }

        const MemorySaving All = MemorySaving.ShardedOptimizer | MemorySaving.Recompute;
        int[] smallest = Smallest(All);
        double needed = memory.Plan(smallest, All);
        if (needed > limit)
        {
            throw new InfeasiblePlanException(
                $"plan: no plan of {cost.Network.Name} for {cost.Hierarchy.Accelerators} accelerators fits into "
                + $"{Given(limit)} MiB per rank; the smallest needs {Mebibytes(needed)} MiB (with a sharded "
                + "optimizer and recomputed outputs); allow more memory, more accelerators or a smaller batch");
        }

        int[] found = JointSearch.CanSearch(cost)
            ? Cheapest(smallest, limit, All)
            : Exchange(best, smallest, limit, All);
        return (found, All);
    }

    /// <summary>Returns the memory savings that a given plan needs to fit.</summary>
    /// <exception cref="InfeasiblePlanException">The plan does not fit.</exception>
    internal MemorySaving Fit(int[] plan, double limit)
    {
        double least = Savings.Min(saving => memory.Plan(plan, saving));
        return least <= limit
            ? Savings.First(saving => memory.Plan(plan, saving) <= limit)
            : throw new InfeasiblePlanException(
                $"plan: this plan of {cost.Network.Name} for {cost.Hierarchy.Accelerators} accelerators does not fit "
                + $"into {Given(limit)} MiB per rank; it needs {Mebibytes(least)} MiB (with a sharded optimizer "
                + "and recomputed outputs); allow more memory, or search for a plan that fits");
    }

    /// <summary>
    /// Fallback if the joint search cannot be used: gives layers their smallest pattern, those that save most first,
    /// until the plan fits.
    /// </summary>
    private int[] Exchange(int[] best, int[] smallest, double limit, MemorySaving saving)
    {
        int[] patterns = [.. best];
        foreach (int layer in Enumerable.Range(0, patterns.Length).OrderByDescending(Saved)
            .TakeWhile(_ => memory.Plan(patterns, saving) > limit))
        {
            patterns[layer] = smallest[layer];
        }

        return patterns;

        double Saved(int layer) =>
            memory.Layer(layer, best[layer], saving) - memory.Layer(layer, smallest[layer], saving);
    }

    /// <summary>Bisects the price of a byte of memory: the lower the price, the fewer bytes the plan moves.</summary>
    private int[] Cheapest(int[] fits, double limit, MemorySaving saving)
    {
        double low = 0, high = 1e6;
        for (int i = 0; i < PriceSteps; i++)
        {
            double price = low == 0 && i < PriceSteps / 2 ? high / 10 : (low + high) / 2;
            int[] found =
                joint.Find(cost, penalty: (layer, pattern) => price * memory.Layer(layer, pattern, saving)).Patterns;
            if (memory.Plan(found, saving) <= limit)
            {
                high = price;
                fits = JointSearch.Total(cost, found) < JointSearch.Total(cost, fits) ? found : fits;
            }
            else
            {
                low = price;
            }
        }

        return fits;
    }

    private int[] Smallest(MemorySaving saving)
    {
        int[] patterns = new int[cost.Network.Layers.Count];
        for (int layer = 0; layer < patterns.Length; layer++)
        {
            int[] allowed = [.. Enumerable.Range(0, cost.Patterns.Count).Where(pattern => cost.Allows(layer, pattern))];
            patterns[layer] = allowed.MinBy(pattern => memory.Layer(layer, pattern, saving));
        }

        return patterns;
    }

    /// <summary>A limit in MiB as it was given: rounded, one below 1 MiB would look like 0 or 1.</summary>
    private static string Given(double bytes) =>
        (bytes / (1 << 20)).ToString("0.######", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Memory in MiB, rounded up so that a limit of this number suffices.</summary>
    private static string Mebibytes(double bytes) =>
        Math.Ceiling(bytes / (1 << 20)).ToString("F0", System.Globalization.CultureInfo.InvariantCulture);
}
