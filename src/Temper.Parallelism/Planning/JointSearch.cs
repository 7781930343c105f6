namespace Temper.Parallelism.Planning;

/// <summary>What a search found.</summary>
/// <param name="Patterns">For each layer, those without weights included, the number of its pattern.</param>
/// <param name="Bytes">Bytes that a step moves.</param>
/// <param name="LowerBound">
/// No plan moves fewer bytes; equal to <paramref name="Bytes"/> where the plan is proven to be the best.
/// </param>
internal sealed record SearchResult(int[] Patterns, double Bytes, double LowerBound);

/// <summary>
/// The exact search: a layer's choice is its pattern over all levels at once. Costs couple neighbors only, so the least
/// sum over a chain is Viterbi's, O(layers), and branched graphs are eliminated (see <see cref="Elimination"/>).
/// </summary>
internal sealed class JointSearch(PlanCost cost, CancellationToken cancellation = default)
{
    private readonly EliminationCache _cache = new(cancellation);

    /// <summary>
    /// Costs of layers that were met before, by the layer itself: networks that grow keep most of theirs.
    /// </summary>
    private readonly Dictionary<PlannedLayer, EliminationCache.CostVector>[] _known =
        [.. Enumerable.Range(0, 4).Select(
            _ => new Dictionary<PlannedLayer, EliminationCache.CostVector>(ReferenceEqualityComparer.Instance))];

    /// <summary>The best plan.</summary>
    /// <param name="cost">The network as it is now; sizes of the same hierarchy, batch and splits as before.</param>
    /// <param name="last">
    /// The layer that is eliminated last: the one that has changed, where the network was planned before.
    /// </param>
    /// <param name="penalty">Added to the cost of each layer and pattern; null: nothing.</param>
    /// <param name="isFixed">Patterns that are given, -1 where the search decides; null: it decides all.</param>
    internal SearchResult Find(
        PlanCost cost, int last = -1, Func<int, int, double>? penalty = null, int[]? isFixed = null)
    {
        PlannedNetwork network = cost.Network;
        var elimination = new Elimination(_cache, Costs(cost, penalty, isFixed), Uniform(cost.Patterns));
        foreach (PlannedEdge edge in network.Edges)
        {
            elimination.Add(edge.From, edge.To, _cache.Value(cost, edge));
        }

        int[] patterns = elimination.Solve(last < 0 ? network.Layers.Count - 1 : last);
        double bytes = Total(cost, patterns, isFixed);
        return new SearchResult(patterns, bytes, elimination.IsExact ? bytes : Bound(cost));
    }

    /// <summary>Whether all patterns can be searched: branches take tables of all pairs of patterns.</summary>
    internal static bool CanSearch(PlanCost cost) => cost.Network.IsChain
        || cost.Patterns.Count <= Elimination.MaxTablePatterns;

    /// <summary>The best plan of the network that the search was made for.</summary>
    internal SearchResult Find(int last = -1, Func<int, int, double>? penalty = null, int[]? isFixed = null) =>
        Find(cost, last, penalty, isFixed);

    /// <summary>The sum that a search makes least.</summary>
    internal static double Total(PlanCost cost, int[] patterns, int[]? isFixed = null)
    {
        double total = 0;
        for (int layer = 0; layer < patterns.Length; layer++)
        {
            total += isFixed is null || isFixed[layer] < 0
                ? cost.Layer(layer, patterns[layer])
                : cost.LayerBytes(layer, patterns[layer]);
        }

        foreach (PlannedEdge edge in cost.Network.Edges)
        {
            total += cost.Edge(edge, patterns[edge.From], patterns[edge.To]);
        }

        return total;
    }

    /// <summary>No plan costs less than each layer's cheapest pattern, with values moving for nothing.</summary>
    internal static double Bound(PlanCost cost) => Enumerable.Range(0, cost.Network.Layers.Count)
        .Sum(layer => Enumerable.Range(0, cost.Patterns.Count).Min(pattern => cost.Layer(layer, pattern)));

    private static int[] Uniform(Patterns patterns) =>
        [.. Enumerable.Range(0, patterns.Splits).Select(split => patterns.Uniform((Split)split))];

    private EliminationCache.CostVector[] Costs(PlanCost cost, Func<int, int, double>? penalty, int[]? isFixed)
    {
        var vectors = new EliminationCache.CostVector[cost.Network.Layers.Count];
        bool isPlain = penalty is null && isFixed is null;
        for (int layer = 0; layer < vectors.Length; layer++)
        {
            PlannedNetwork network = cost.Network;
            Dictionary<PlannedLayer, EliminationCache.CostVector> known =
                _known[(network.HasConsumer[layer] ? 1 : 0) + (network.HasProducer[layer] ? 2 : 0)];
            if (!isPlain || !known.TryGetValue(network.Layers[layer], out EliminationCache.CostVector? vector))
            {
                vector = _cache.Vector(Costs(cost, layer, penalty, isFixed is null ? -1 : isFixed[layer]));
                if (isPlain)
                {
                    known.Add(network.Layers[layer], vector);
                }
            }

            vectors[layer] = vector;
        }

        return vectors;
    }

    private static double[] Costs(PlanCost cost, int layer, Func<int, int, double>? penalty, int wanted)
    {
        double[] costs = new double[cost.Patterns.Count];
        for (int pattern = 0; pattern < costs.Length; pattern++)
        {
            costs[pattern] = wanted < 0 ? cost.Layer(layer, pattern) + (penalty?.Invoke(layer, pattern) ?? 0)
                : wanted == pattern ? cost.LayerBytes(layer, pattern) : double.PositiveInfinity;
        }

        return costs;
    }
}
