using Temper.Parallelism.Planning;
using Temper.Randomness;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>
/// Compares the exact cost with counted elements, and the paper's cost with its own formulas level by level.
/// </summary>
public sealed class ExactCostTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(6)]
    [InlineData(12)]
    [InlineData(3)]
    public void Exact_bytes_are_those_that_counting_shards_gives(int accelerators)
    {
        Hierarchy hierarchy = Hierarchy.Of(accelerators);
        int[] groups = [.. hierarchy.Groups];
        // Widths equal the number of ranks, so that everything divides evenly; the batch is twice as large, so that
        // sizes cannot be confused.
        int batch = 2 * accelerators, width = accelerators;
        PlannedNetwork network = PlannedNetwork.Chain("two", Layer("a", 0, width, width), Layer("b", width, width, width));
        var cost = new PlanCost(network, hierarchy, batch, CostKind.Exact, splits: 3);
        byte[][] splits = [.. Enumerable.Range(0, cost.Patterns.Count).Select(pattern => cost.Patterns.Digits(pattern).ToArray())];
        long[] gradients = [.. splits.Select(split => ShardCounting.Gradient(groups, split, width, width))];
        // The loss needs the last layer's output split by samples.
        long[] losses = [.. splits.Select(split => ShardCounting.Value(groups, split, new byte[groups.Length], batch, width))];
        for (int from = 0; from < cost.Patterns.Count; from++)
        {
            for (int to = 0; to < cost.Patterns.Count; to++)
            {
                long sent = ShardCounting.Value(groups, splits[from], splits[to], batch, width) + losses[to] + gradients[from] + gradients[to];
                Assert.Equal(4.0 * sent, JointSearch.Total(cost, [from, to]), 1e-6 * sent);
            }
        }
    }

    [Fact]
    public void Figure_bytes_are_the_sums_over_levels_of_the_papers_formulas()
    {
        var random = new SequenceRandom(RandomStream.FromSeed(3));
        for (int round = 0; round < 200; round++)
        {
            PlannedNetwork network = RandomPlans.Chain(random, random.Next(1, 7), hasGroups: false);
            foreach (CostKind kind in new[] { CostKind.Figure, CostKind.Table })
            {
                var cost = new PlanCost(network, Hierarchy.Of(1 << random.Next(1, 4)), batch: 1 << 20, kind, splits: 2);
                int[] patterns = [.. network.Layers.Select(_ => random.Next(0, cost.Patterns.Count - 1))];
                double expected = LevelByLevel(cost, patterns);
                Assert.Equal(expected, JointSearch.Total(cost, patterns, patterns), expected * 1e-12);
            }
        }
    }

    /// <summary>
    /// Literal implementation of section 2.2: com of a level, times its groups, times two values of four bytes; shapes
    /// shrink with each level.
    /// </summary>
    private static double LevelByLevel(PlanCost cost, int[] patterns)
    {
        double total = 0;
        IReadOnlyList<PlannedLayer> layers = cost.Network.Layers;
        int[] data = new int[layers.Count], model = new int[layers.Count];
        for (int level = 0; level < cost.Hierarchy.Levels; level++)
        {
            double com = 0;
            for (int l = 0; l < layers.Count; l++)
            {
                int split = cost.Patterns.Digits(patterns[l])[level];
                com += split == 0 ? layers[l].Weights / Math.Pow(2, model[l]) : (double)cost.Batch * layers[l].Outputs / Math.Pow(2, data[l]);
                if (l + 1 < layers.Count)
                {
                    int next = cost.Patterns.Digits(patterns[l + 1])[level];
                    double boundary = (double)cost.Batch * layers[l].Outputs / Math.Pow(2, level);
                    com += (split, next, cost.Kind) switch { (0, 1, _) => 0.5 * boundary, (1, _, CostKind.Table) => 0.5 * boundary, _ => 0 };
                }
            }

            for (int l = 0; l < layers.Count; l++)
            {
                (data[l], model[l]) = cost.Patterns.Digits(patterns[l])[level] == 0 ? (data[l] + 1, model[l]) : (data[l], model[l] + 1);
            }

            total += Math.Pow(2, level) * 8 * com;
        }

        return total;
    }

    private static PlannedLayer Layer(string name, int inputs, int channels, int outputs) => new()
    {
        Name = name, Weights = (long)channels * outputs, Inputs = inputs, Outputs = outputs, Macs = 1, InChannels = channels, OutChannels = outputs,
    };
}
