using static Temper.Parallelism.Planning.EliminationCache;

namespace Temper.Parallelism.Planning;

/// <summary>
/// Finds the patterns of all layers that minimize the sum of layer and edge costs. Layers are eliminated one by one,
/// which is exact: the costs of a layer with one neighbor are added to that neighbor (a Viterbi step), a layer with two
/// neighbors becomes an edge between them, and parallel edges are merged. A series-parallel graph reduces to a single
/// layer.
/// </summary>
/// <remarks>
/// A layer with a single allowed pattern adds the costs of its edges to its neighbors, so rules and given plans need no
/// tables. If only layers with three or more neighbors remain, one of them is fixed to each of its patterns in turn.
/// This is exact as long as the number of trials is at most <see cref="MaxTrials"/>. Above that, only its cheapest
/// pattern and the patterns with the same split at all levels are tried, and <see cref="IsExact"/> is false. Layers
/// with two neighbors are treated the same way if their tables would be too large.
/// </remarks>
internal sealed class Elimination
{
    internal const int MaxTrials = 1024;

    /// <summary>Maximum number of patterns for which tables of all pairs of patterns are built.</summary>
    internal const int MaxTablePatterns = 1024;

    private readonly EliminationCache _cache;
    private readonly CostVector[] _costs;
    private readonly List<Neighbor>[] _neighbors;
    private readonly List<Step> _steps = [];
    private readonly bool[] _isGone;
    private readonly int[] _uniform;
    private readonly int _trials;

    /// <param name="cache">Results of earlier eliminations.</param>
    /// <param name="costs">Costs of the patterns of each layer.</param>
    /// <param name="uniform">Patterns to try if there are too many to try all.</param>
    internal Elimination(EliminationCache cache, IReadOnlyList<CostVector> costs, int[] uniform)
        : this(
            cache, [.. costs], [.. costs.Select(_ => new List<Neighbor>(2))], new bool[costs.Count],
            (uniform, MaxTrials))
    {
    }

    private Elimination(
        EliminationCache cache, CostVector[] costs, List<Neighbor>[] neighbors, bool[] isGone,
        (int[] Uniform, int Trials) limits)
    {
        (_cache, _costs, _neighbors, _isGone) = (cache, costs, neighbors, isGone);
        (_uniform, _trials) = limits;
    }

    internal bool IsExact { get; private set; } = true;

    /// <summary>The minimum cost found.</summary>
    internal double Total { get; private set; }

    internal void Add(int from, int to, Link edge)
    {
        int index = _neighbors[from].FindIndex(neighbor => neighbor.Layer == to);
        if (index < 0)
        {
            _neighbors[from].Add(new Neighbor(to, edge, IsStart: true));
            _neighbors[to].Add(new Neighbor(from, edge, IsStart: false));
            return;
        }

        Neighbor there = _neighbors[from][index];
        Link merged = _cache.Merge(there.Edge, edge, sameDirection: there.IsStart, _costs[from].Values.Length);
        _neighbors[from][index] = there with { Edge = merged };
        int back = _neighbors[to].FindIndex(neighbor => neighbor.Layer == from);
        _neighbors[to][back] = _neighbors[to][back] with { Edge = merged };
    }

    /// <summary>Returns the minimizing pattern of each layer.</summary>
    /// <param name="last">
    /// The layer to eliminate last. Results for the other layers do not depend on its costs, so the cache can reuse
    /// them when it changes.
    /// </param>
    internal int[] Solve(int last)
    {
        int[] patterns = new int[_costs.Length];
        for (int layer = 0; layer < _costs.Length; layer++)
        {
            if (!_isGone[layer] && OnlyPattern(_costs[layer].Values) is >= 0 and var only)
            {
                Settle(layer, only);
            }
        }

        var ready = new Stack<int>(Enumerable.Range(0, _costs.Length).Reverse());
        while (ready.TryPop(out int layer))
        {
            bool isEliminable = _neighbors[layer].Count == 1
                || (_neighbors[layer].Count == 2 && _costs[layer].Values.Length <= MaxTablePatterns);
            if (_isGone[layer] || layer == last || !isEliminable)
            {
                continue;
            }

            _isGone[layer] = true;
            (_neighbors[layer].Count == 1 ? (Action<int, Stack<int>>)EliminateLeaf : EliminateBetween)(layer, ready);
        }

        int[] left = [.. Enumerable.Range(0, _costs.Length).Where(layer => !_isGone[layer])];
        foreach (int layer in left.Where(layer => _neighbors[layer].Count == 0))
        {
            patterns[layer] = Smallest(_costs[layer].Values);
            Total += _costs[layer].Values[patterns[layer]];
        }

        int[] tangled = [.. left.Where(layer => _neighbors[layer].Count > 0)];
        if (tangled.Length > 0)
        {
            Condition(tangled, patterns);
        }

        foreach (Step step in Enumerable.Reverse(_steps))
        {
            patterns[step.Layer] = step.PatternOf(patterns);
        }

        return patterns;
    }

    private void EliminateLeaf(int layer, Stack<int> ready)
    {
        Neighbor only = _neighbors[layer][0];
        Crossing crossing = _cache.Cross(_costs[layer], only.Edge, only.IsStart);
        _costs[only.Layer] = _cache.Sum(_costs[only.Layer], crossing.Best);
        _steps.Add(new Step(layer, only.Layer, crossing.Choice));
        Detach(layer, only.Layer, ready);
    }

    private void EliminateBetween(int layer, Stack<int> ready)
    {
        (Neighbor near, Neighbor far) = (_neighbors[layer][0], _neighbors[layer][1]);
        if (far.Edge.Edge is TableEdge)
        {
            (near, far) = (far, near);
        }

        Joining joining = _cache.Join(_costs[layer], near.Edge, near.IsStart, far.Edge, far.IsStart);
        _steps.Add(new Step(layer, near.Layer, far.Layer, joining.Choices, _costs[layer].Values.Length));
        Detach(layer, near.Layer, ready);
        Detach(layer, far.Layer, ready);
        Add(near.Layer, far.Layer, joining.Edge);
        ready.Push(far.Layer);
        ready.Push(near.Layer);
    }

    private void Detach(int layer, int from, Stack<int> ready)
    {
        _neighbors[from].RemoveAt(_neighbors[from].FindIndex(neighbor => neighbor.Layer == layer));
        ready.Push(from);
    }

    /// <summary>
    /// Fixes the layer with the most neighbors to each of its patterns and solves the remaining layers.
    /// </summary>
    private void Condition(int[] tangled, int[] patterns)
    {
        int chosen = tangled.MaxBy(layer => _neighbors[layer].Count);
        int count = _costs[chosen].Values.Length;
        int[] tried = count <= _trials ? [.. Enumerable.Range(0, count)]
            : [.. _uniform.Prepend(Smallest(_costs[chosen].Values)).Distinct().Take(_trials)];
        IsExact = tried.Length == count;
        double least = double.PositiveInfinity;
        foreach (int pattern in tried.Where(pattern => double.IsFinite(_costs[chosen].Values[pattern])))
        {
            Elimination rest = Without(tangled, chosen, pattern, _trials / tried.Length);
            int[] found = rest.Solve(tangled.First(layer => layer != chosen));
            double total = rest.Total + _costs[chosen].Values[pattern];
            IsExact &= rest.IsExact;
            if (total < least)
            {
                least = total;
                foreach (int layer in tangled)
                {
                    patterns[layer] = layer == chosen ? pattern : found[layer];
                }
            }
        }

        Total += least;
    }

    /// <summary>Returns the remaining problem after a layer is fixed to a pattern.</summary>
    private Elimination Without(int[] tangled, int chosen, int pattern, int trials)
    {
        bool[] isGone =
            [.. Enumerable.Range(0, _costs.Length).Select(layer => layer == chosen || !tangled.Contains(layer))];
        var rest = new Elimination(
            _cache, [.. _costs], [.. _neighbors.Select(list => list.ToList())], isGone, (_uniform, trials));
        rest.Settle(chosen, pattern);
        return rest;
    }

    /// <summary>Fixes a layer to a pattern and adds the costs of its edges to its neighbors.</summary>
    private void Settle(int layer, int pattern)
    {
        foreach (Neighbor neighbor in _neighbors[layer])
        {
            double[] sums = [.. _costs[neighbor.Layer].Values.Select((cost, other) => cost
                + (neighbor.IsStart ? neighbor.Edge.Edge.Of(pattern, other) : neighbor.Edge.Edge.Of(other, pattern)))];
            _costs[neighbor.Layer] = _cache.Fresh(sums);
            _neighbors[neighbor.Layer].RemoveAll(back => back.Layer == layer);
        }

        _neighbors[layer].Clear();
    }

    /// <summary>Returns the only pattern with a finite cost; -1 if there are several or none.</summary>
    private static int OnlyPattern(double[] costs)
    {
        int only = Array.FindIndex(costs, double.IsFinite);
        return only < 0 || Array.FindIndex(costs, only + 1, double.IsFinite) >= 0 ? -1 : only;
    }

    private static int Smallest(double[] costs) => Array.IndexOf(costs, costs.Min());

    private readonly record struct Neighbor(int Layer, Link Edge, bool IsStart);

    /// <summary>An eliminated layer, whose pattern is determined by the patterns of one or two other layers.</summary>
    private sealed class Step(int layer, int near, int far, ushort[] choices, int count)
    {
        private readonly int[]? _choice;

        internal Step(int layer, int near, int[] choice)
            : this(layer, near, near, [], 0) => _choice = choice;

        internal int Layer => layer;

        internal int PatternOf(int[] patterns) =>
            _choice is null ? choices[(patterns[near] * count) + patterns[far]] : _choice[patterns[near]];
    }
}
