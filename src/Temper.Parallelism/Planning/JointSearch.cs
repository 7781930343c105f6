namespace Temper.Parallelism.Planning;

/// <summary>Result of a search.</summary>
/// <param name="Patterns">Pattern number of each layer, including layers without weights.</param>
/// <param name="Bytes">Bytes moved in a step.</param>
/// <param name="LowerBound">
/// Lower bound of the bytes of any plan; equal to <paramref name="Bytes"/> if the plan is proven to be optimal.
/// </param>
internal sealed record SearchResult(int[] Patterns, double Bytes, double LowerBound);

/// <summary>
/// The exact search: each layer chooses its pattern over all levels together. Costs couple only neighboring layers, so
/// a chain is solved by Viterbi's algorithm in O(layers), and graphs with branches by <see cref="Elimination"/>.
/// </summary>
internal sealed class JointSearch(PlanCost cost, CancellationToken cancellation = default)
{
    private readonly EliminationCache _cache = new(cancellation);

    /// <summary>
    /// Costs of layers seen before, keyed by the layer instance. A growing network reuses most of them.
    /// </summary>
    private readonly Dictionary<PlannedLayer, EliminationCache.CostVector>[] _known =
        [.. Enumerable.Range(0, 4).Select(
            _ => new Dictionary<PlannedLayer, EliminationCache.CostVector>(ReferenceEqualityComparer.Instance))];

    /// <summary>Finds the best plan.</summary>
    /// <param name="cost">
    /// Costs of the current network, with the hierarchy, batch and splits that the search was created with.
    /// </param>
    /// <param name="last">
    /// The layer to eliminate last: the changed one if the network was planned before; -1: the last layer.
    /// </param>
    /// <param name="penalty">Penalty added to the cost of each layer and pattern; null: none.</param>
    /// <param name="isFixed">
    /// Given pattern of each layer, -1 for layers that are searched; null: all are searched.
    /// </param>
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

    /// <summary>
    /// Whether all patterns can be searched. Networks with branches need tables of all pairs of patterns.
    /// </summary>
    internal static bool CanSearch(PlanCost cost) => cost.Network.IsChain
        || cost.Patterns.Count <= Elimination.MaxTablePatterns;

    /// <summary>Finds the best plan of the network that the search was created for.</summary>
    internal SearchResult Find(int last = -1, Func<int, int, double>? penalty = null, int[]? isFixed = null) =>
        Find(cost, last, penalty, isFixed);

    /// <summary>Returns the sum that the search minimizes.</summary>
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

    /// <summary>
    /// Returns a lower bound of the cost of any plan: the sum of each layer's cheapest pattern, without the cost of
    /// edges.
    /// </summary>
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
