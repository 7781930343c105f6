namespace Temper.Parallelism.Planning;

/// <summary>
/// Plans a network that changes, by the joint search: what was computed for the parts that stay is taken over. Made for
/// growing, where a layer or block is added now and then.
/// </summary>
/// <example><code>
/// var session = new PlanSession(network, options);
/// network = network.Insert(5, layer);
/// RankPlan plan = session.Replan(network, changed: 5).Plan;
/// </code></example>
public sealed class PlanSession
{
    private readonly PlanOptions _options;
    private readonly JointSearch _search;

    /// <summary>Plans a network and keeps what it has computed, from both ends.</summary>
    /// <param name="network">The network as it begins.</param>
    /// <param name="options">The same for all plans of the session.</param>
    /// <param name="cancellation">Ends this search and those that follow.</param>
    /// <exception cref="ArgumentException">
    /// Options cannot be used, or there are too many patterns for a joint search of branches.
    /// </exception>
    public PlanSession(PlannedNetwork network, PlanOptions options, CancellationToken cancellation = default)
    {
        PlanCost cost = Planner.CostOf(network, options);
        if (!JointSearch.CanSearch(cost))
        {
            throw new ArgumentException(
                $"plan: too many accelerators to plan branches again and again (got {options.Accelerators}, "
                + $"{cost.Patterns.Count} patterns a layer, expected at most {Elimination.MaxTablePatterns}); plan once");
        }

        (_options, _search) = (options, new JointSearch(cost, cancellation));
        _search.Find(last: 0);
        _search.Find();
    }

    /// <summary>The plan of the network after a change: the one that planning anew gives.</summary>
    /// <param name="network">The network now.</param>
    /// <param name="changed">Index of a layer that is new or has changed.</param>
    /// <exception cref="InfeasiblePlanException">No plan fits.</exception>
    public PlanResult Replan(PlannedNetwork network, int changed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(changed);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(changed, network.Layers.Count);
        PlanCost cost = Planner.CostOf(network, _options);
        SearchResult found = _search.Find(cost, last: changed);
        return double.IsFinite(found.Bytes)
            ? Planner.Finish((cost, _search), _options, found.Patterns, found.LowerBound)
            : throw new InfeasiblePlanException($"plan: {network.Name} cannot be divided among {_options.Accelerators} "
                + "accelerators any more; use a larger batch or fewer accelerators");
    }
}
