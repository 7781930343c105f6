namespace Temper.Parallelism.Planning;

/// <summary>No plan holds a limit.</summary>
/// <param name="message">What the network needs.</param>
public sealed class InfeasiblePlanException(string message) : Exception(message);

/// <summary>
/// Finds a plan that fits into the memory of a rank. What costs least is tried first: the plan as it is, a sharded
/// optimizer, computing outputs again, then other plans, in which a byte of memory has a price that is raised until
/// they fit.
/// </summary>
internal sealed class MemorySearch(PlanCost cost, JointSearch joint, RankMemory memory)
{
    private const int PriceSteps = 24;

    /// <summary>From the cheapest to the dearest.</summary>
    private static readonly MemorySaving[] Savings =
        [
            MemorySaving.None, MemorySaving.ShardedOptimizer, MemorySaving.Recompute,
            MemorySaving.ShardedOptimizer | MemorySaving.Recompute,
        ];

    /// <summary>The plan and what it takes to fit.</summary>
    /// <exception cref="InfeasiblePlanException">Even the smallest plan is too large.</exception>
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
                $"plan: no plan of {cost.Network.Name} over {cost.Hierarchy.Accelerators} accelerators fits into "
                + $"{Mebibytes(limit)} MiB a rank; it needs {Mebibytes(needed)} MiB (sharded optimizer and recomputed "
                    + "outputs included); allow more memory, more accelerators or a smaller batch");
        }

        return (JointSearch.CanSearch(cost) ? Cheapest(smallest, limit, All) : Exchange(
            best, smallest, limit, All), All);
    }

    /// <summary>What a given plan takes to fit.</summary>
    /// <exception cref="InfeasiblePlanException">It does not.</exception>
    internal MemorySaving Fit(int[] plan, double limit)
    {
        double least = Savings.Min(saving => memory.Plan(plan, saving));
        return least <= limit
            ? Savings.First(saving => memory.Plan(plan, saving) <= limit)
            : throw new InfeasiblePlanException(
            $"plan: this plan of {cost.Network.Name} over {cost.Hierarchy.Accelerators} accelerators does not fit into "
            + $"{Mebibytes(limit)} MiB a rank; it needs {Mebibytes(least)} MiB (sharded optimizer and recomputed "
                + "outputs included); allow more memory, or search for a plan that fits");
    }

    /// <summary>
    /// Where the joint search cannot be used: layers take their smallest pattern one after the other, those that save
    /// most first, until the plan fits.
    /// </summary>
    private int[] Exchange(int[] best, int[] smallest, double limit, MemorySaving saving)
    {
        int[] patterns = [.. best];
        foreach (int layer in Enumerable.Range(0, patterns.Length).OrderByDescending(Saved).TakeWhile(
            _ => memory.Plan(patterns, saving) > limit))
        {
            patterns[layer] = smallest[layer];
        }

        return patterns;

        double Saved(int layer) =>
            memory.Layer(layer, best[layer], saving) - memory.Layer(layer, smallest[layer], saving);
    }

    /// <summary>Bisects the price of a byte: the cheaper memory is, the fewer bytes move.</summary>
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

    private static string Mebibytes(double bytes) =>
        Math.Ceiling(bytes / (1 << 20)).ToString("F0", System.Globalization.CultureInfo.InvariantCulture);
}
