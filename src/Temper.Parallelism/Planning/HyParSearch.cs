namespace Temper.Parallelism.Planning;

/// <summary>
/// HyPar's greedy search (arXiv:1901.02067, Algorithms 1 and 2). It processes the levels of the hierarchy from the top,
/// and at each level finds the best splits of all layers given the levels above.
/// </summary>
internal sealed class HyParSearch
{
    private readonly PlannedNetwork _network;
    private readonly PlanCost[] _costs;
    private readonly int _splits;

    internal HyParSearch(PlanCost cost)
    {
        (_network, _splits) = (cost.Network, cost.Patterns.Splits);
        _costs = cost.AtLevels();
    }

    /// <summary>Algorithm 2: finds a plan level by level. Returns the pattern over all levels for each layer.</summary>
    internal int[] Find()
    {
        int[] patterns = new int[_network.Layers.Count];
        foreach (PlanCost cost in _costs)
        {
            int[] level = _network.IsChain ? PartitionChain(cost, patterns) : PartitionGraph(cost, patterns);
            for (int l = 0; l < level.Length; l++)
            {
                patterns[l] = (patterns[l] * _splits) + level[l];
            }
        }

        return patterns;
    }

    /// <summary>
    /// Algorithm 1: finds the splits of one level of a chain by dynamic programming over the layers. com[l][s] is the
    /// minimum communication of layers 0 to l if layer l has split s. Ties go to the smaller split number, and so to
    /// data parallelism.
    /// </summary>
    /// <param name="cost">Costs of plans that end at this level.</param>
    /// <param name="upper">Pattern of each layer at the levels above.</param>
    private int[] PartitionChain(PlanCost cost, int[] upper)
    {
        int layers = upper.Length;
        double[,] com = new double[layers, _splits];
        int[,] from = new int[layers, _splits];
        for (int l = 0; l < layers; l++)
        {
            for (int s = 0; s < _splits; s++)
            {
                int pattern = (upper[l] * _splits) + s;
                double least = l == 0 ? 0 : double.PositiveInfinity;
                for (int t = 0; l > 0 && t < _splits; t++)
                {
                    double inter = cost.Edge(_network.Edges[l - 1], (upper[l - 1] * _splits) + t, pattern);
                    if (com[l - 1, t] + inter < least)
                    {
                        (least, from[l, s]) = (com[l - 1, t] + inter, t);
                    }
                }

                com[l, s] = least + cost.Layer(l, pattern);
            }
        }

        int[] level = new int[layers];
        for (int s = 1; s < _splits; s++)
        {
            level[^1] = com[layers - 1, s] < com[layers - 1, level[^1]] ? s : level[^1];
        }

        for (int l = layers - 1; l > 0; l--)
        {
            level[l - 1] = from[l, level[l]];
        }

        return level;
    }

    /// <summary>Finds the splits of one level of a network with branches, by <see cref="Elimination"/>.</summary>
    private int[] PartitionGraph(PlanCost cost, int[] upper)
    {
        var cache = new EliminationCache();
        int[] splits = [.. Enumerable.Range(0, _splits)];
        EliminationCache.CostVector[] costs =
        [
            .. upper.Select((pattern, l) =>
                cache.Vector([.. splits.Select(s => cost.Layer(l, (pattern * _splits) + s))])),
        ];
        var elimination = new Elimination(cache, costs, splits);
        foreach (PlannedEdge edge in _network.Edges)
        {
            var table = new TableEdge(_splits);
            for (int pair = 0; pair < _splits * _splits; pair++)
            {
                table.Costs[pair] = cost.Edge(
                    edge, (upper[edge.From] * _splits) + (pair / _splits),
                    (upper[edge.To] * _splits) + (pair % _splits));
            }

            elimination.Add(edge.From, edge.To, cache.Table(table));
        }

        return elimination.Solve(upper.Length - 1);
    }
}
