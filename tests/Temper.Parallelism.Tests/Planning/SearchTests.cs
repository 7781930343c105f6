using Temper.Parallelism.Planning;
using Temper.Randomness;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>Compares searches with exhaustive search.</summary>
public sealed class SearchTests
{
    private static readonly int[] Accelerators = [2, 4, 8, 6, 3];

    [Theory]
    [InlineData(CostKind.Figure, 2, false, 250)]
    [InlineData(CostKind.Table, 2, false, 150)]
    [InlineData(CostKind.Exact, 2, false, 250)]
    [InlineData(CostKind.Exact, 3, false, 100)]
    [InlineData(CostKind.Figure, 2, true, 150)]
    [InlineData(CostKind.Exact, 2, true, 150)]
    [InlineData(CostKind.Exact, 3, true, 50)]
    public void Joint_search_finds_what_trying_all_plans_finds_and_greedy_is_never_better(CostKind kind, int splits, bool hasBranches, int rounds)
    {
        var random = new SequenceRandom(RandomStream.FromSeed((ulong)(100 + ((int)kind * 10) + splits + (hasBranches ? 50 : 0))));
        for (int round = 0; round < rounds; round++)
        {
            // Small enough for exhaustive search: up to 8 layers and 3 levels with two kinds of splits, 6 layers and 2
            // levels with three.
            int layers = random.Next(1, splits == 2 ? 8 : 6);
            int accelerators = splits == 2 ? Accelerators[random.Next(0, Accelerators.Length - 1)] : 4;
            PlannedNetwork network = hasBranches ? RandomPlans.Graph(random, layers) : RandomPlans.Chain(random, layers);
            var cost = new PlanCost(network, Hierarchy.Of(accelerators), batch: 1 << random.Next(3, 7), kind, splits);
            SearchResult found = new JointSearch(cost).Find();
            double best = Best(cost), greedy = JointSearch.Total(cost, new HyParSearch(cost).Find());
            Assert.Equal(best, found.Bytes, best * 1e-9);
            Assert.Equal(found.Bytes, found.LowerBound);
            Assert.True(found.Bytes <= greedy * (1 + 1e-9), $"round {round}: joint {found.Bytes}, greedy {greedy}");
        }
    }

    [Fact]
    public void Greedy_level_of_a_chain_is_the_best_of_all_splits_of_that_level()
    {
        var random = new SequenceRandom(RandomStream.FromSeed(7));
        for (int round = 0; round < 100; round++)
        {
            PlannedNetwork network = RandomPlans.Chain(random, random.Next(1, 8));
            var cost = new PlanCost(network, Hierarchy.Of(2), 64, CostKind.Figure, splits: 2);
            double expected = Best(cost);
            Assert.Equal(expected, JointSearch.Total(cost, new HyParSearch(cost).Find()), expected * 1e-9);
        }
    }

    [Fact]
    public void A_layer_inserted_changes_the_plan_as_planning_anew_does()
    {
        var random = new SequenceRandom(RandomStream.FromSeed(11));
        PlannedNetwork network = RandomPlans.Chain(random, 40);
        var cost = new PlanCost(network, Hierarchy.Of(16), 256, CostKind.Exact, splits: 2);
        var session = new JointSearch(cost);
        session.Find(last: 0);
        session.Find(last: 39);
        foreach (int at in new[] { 1, 20, 38 })
        {
            PlannedNetwork grown = network.Insert(at, network.Layers[at] with { Name = "new", Weights = 777 });
            var changed = new PlanCost(grown, cost.Hierarchy, cost.Batch, cost.Kind, splits: 2);
            Assert.Equal(new JointSearch(changed).Find().Bytes, session.Find(changed, last: at).Bytes, 1e-3);
        }

        PlanOptions options = new() { Cost = CostKind.Exact, Search = SearchKind.Joint };
        PlannedNetwork again = network.Insert(7, network.Layers[3] with { Name = "again" });
        Assert.Equal(Planner.Plan(again, options).Bytes.Plan, new PlanSession(network, options).Replan(again, changed: 7).Bytes.Plan, 1e-3);
    }

    [Fact]
    public void A_graph_that_is_not_series_parallel_is_solved_exactly_too()
    {
        // Every layer reads all earlier layers.
        var random = new SequenceRandom(RandomStream.FromSeed(13));
        PlannedLayer[] layers = [.. Enumerable.Range(0, 6).Select(i => RandomPlans.Chain(random, 1).Layers[0] with { Name = $"l{i}", Kind = LayerKind.Grouped })];
        PlannedEdge[] edges = [.. Enumerable.Range(0, 6).SelectMany(to => Enumerable.Range(0, to).Select(from => new PlannedEdge(from, to, layers[from].Outputs)))];
        var cost = new PlanCost(new PlannedNetwork("dense", layers, edges), Hierarchy.Of(4), 64, CostKind.Exact, splits: 2);
        SearchResult found = new JointSearch(cost).Find();
        Assert.Equal(Best(cost), found.Bytes, found.Bytes * 1e-9);
        Assert.Equal(found.Bytes, found.LowerBound);
    }

    [Fact]
    public void Patterns_that_are_given_stay_and_the_rest_is_best_beside_them()
    {
        var random = new SequenceRandom(RandomStream.FromSeed(17));
        for (int round = 0; round < 100; round++)
        {
            PlannedNetwork network = RandomPlans.Graph(random, random.Next(2, 7));
            var cost = new PlanCost(network, Hierarchy.Of(4), 64, CostKind.Exact, splits: 2);
            int[] isFixed = [.. network.Layers.Select((_, layer) => random.Next(0, 1) == 0 ? -1 : Cheapest(cost, layer))];
            SearchResult found = new JointSearch(cost).Find(isFixed: isFixed);
            Assert.All(isFixed.Zip(found.Patterns), pair => Assert.True(pair.First < 0 || pair.First == pair.Second));
            double best = Best(cost, isFixed);
            Assert.Equal(best, found.Bytes, best * 1e-9);
        }
    }

    [Fact]
    public void A_graph_too_tangled_for_all_trials_still_gets_a_plan_and_a_bound()
    {
        var random = new SequenceRandom(RandomStream.FromSeed(19));
        PlannedLayer[] layers = [.. Enumerable.Range(0, 18).Select(i => RandomPlans.Chain(random, 1).Layers[0] with { Name = $"l{i}" })];
        PlannedEdge[] edges = [.. Enumerable.Range(0, 18).SelectMany(to => Enumerable.Range(0, to).Select(from => new PlannedEdge(from, to, layers[from].Outputs)))];
        var cost = new PlanCost(new PlannedNetwork("dense", layers, edges), Hierarchy.Of(16), 64, CostKind.Exact, splits: 2);
        SearchResult found = new JointSearch(cost).Find();
        Assert.InRange(found.Bytes, found.LowerBound, double.MaxValue);
        Assert.True(found.LowerBound < found.Bytes);
        Assert.Equal(found.Bytes, JointSearch.Total(cost, found.Patterns), found.Bytes * 1e-12);
    }

    private static int Cheapest(PlanCost cost, int layer) =>
        Enumerable.Range(0, cost.Patterns.Count).MinBy(pattern => cost.Layer(layer, pattern));

    /// <summary>Minimum total over all assignments, by depth-first search with pruning by a lower bound.</summary>
    private static double Best(PlanCost cost, int[]? isFixed = null)
    {
        PlannedNetwork network = cost.Network;
        int[] patterns = new int[network.Layers.Count];
        ILookup<int, PlannedEdge> incoming = network.Edges.ToLookup(edge => edge.To);
        double best = double.PositiveInfinity;
        double[] rest = new double[patterns.Length + 1];
        for (int layer = patterns.Length - 1; layer >= 0; layer--)
        {
            rest[layer] = rest[layer + 1] + Enumerable.Range(0, cost.Patterns.Count).Min(pattern => cost.Layer(layer, pattern));
        }

        Try(0, 0);
        return best;

        void Try(int layer, double sum)
        {
            if (sum + rest[layer] >= best * (1 + 1e-12))
            {
                return;
            }

            if (layer == patterns.Length)
            {
                best = sum;
                return;
            }

            for (int pattern = 0; pattern < cost.Patterns.Count; pattern++)
            {
                if (isFixed is not null && isFixed[layer] >= 0 && isFixed[layer] != pattern)
                {
                    continue;
                }

                patterns[layer] = pattern;
                double with = sum + cost.Layer(layer, pattern) + incoming[layer].Sum(edge => cost.Edge(edge, patterns[edge.From], pattern));
                Try(layer + 1, with);
            }
        }
    }
}
