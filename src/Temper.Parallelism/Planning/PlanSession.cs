namespace Temper.Parallelism.Planning;

/// <summary>
/// Plans a changing network by the joint search and reuses the results of unchanged layers. Intended for growing
/// networks, to which a layer or block is added from time to time.
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

    /// <summary>Plans the initial network, eliminating layers from both ends, and caches the results.</summary>
    /// <param name="network">The initial network.</param>
    /// <param name="options">Options for all plans of the session.</param>
    /// <param name="cancellation">Cancels this search and later ones.</param>
    /// <exception cref="ArgumentException">
    /// The options are invalid, or there are too many patterns for a joint search of branches.
    /// </exception>
    public PlanSession(PlannedNetwork network, PlanOptions options, CancellationToken cancellation = default)
    {
        PlanCost cost = Planner.CostOf(network, options);
        if (!JointSearch.CanSearch(cost))
        {
            throw new ArgumentException(
                $"plan: too many accelerators to plan a network with branches repeatedly (got {options.Accelerators}, "
                + $"which gives {cost.Patterns.Count} patterns per layer, expected at most "
                + $"{Elimination.MaxTablePatterns}); use Planner.Plan for each network");
        }

        (_options, _search) = (options, new JointSearch(cost, cancellation));
        _search.Find(last: 0);
        _search.Find();
    }

    /// <summary>Returns the plan of the changed network. It is the same as planning from scratch.</summary>
    /// <param name="network">The changed network.</param>
    /// <param name="changed">Index of a new or changed layer.</param>
    /// <exception cref="InfeasiblePlanException">No plan is possible within the limits.</exception>
    public PlanResult Replan(PlannedNetwork network, int changed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(changed);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(changed, network.Layers.Count);
        PlanCost cost = Planner.CostOf(network, _options);
        SearchResult found = _search.Find(cost, last: changed);
        return double.IsFinite(found.Bytes)
            ? Planner.Finish((cost, _search), _options, found.Patterns, found.LowerBound)
            : throw new InfeasiblePlanException($"plan: {network.Name} can no longer be divided among "
                + $"{_options.Accelerators} accelerators; use a larger batch or fewer accelerators");
    }
}
