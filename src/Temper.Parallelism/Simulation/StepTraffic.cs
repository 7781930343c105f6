using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>
/// Bytes moved per step at each level: the amount that the level adds to the cost of the levels above it.
/// </summary>
internal sealed class StepTraffic
{
    internal StepTraffic(PlanCost cost, int[] patterns)
    {
        PlanCost[] costs = cost.AtLevels();
        Gradients = Levels(costs, patterns.Length, (at, layer, first) => at.Gradient(layer, first(patterns[layer])));
        Activations =
            Levels(costs, patterns.Length, (at, layer, first) => at.Activations(layer, first(patterns[layer])));
        IReadOnlyList<PlannedEdge> edges = cost.Network.Edges;
        Edges = Levels(costs, edges.Count, (at, edge, first) =>
            at.Edge(edges[edge], first(patterns[edges[edge].From]), first(patterns[edges[edge].To])));
    }

    /// <summary>Bytes to sum weight gradients, by layer and level.</summary>
    internal double[][] Gradients { get; }

    /// <summary>Bytes of outputs and output gradients, by layer and level; half of them in the forward pass.</summary>
    internal double[][] Activations { get; }

    /// <summary>Bytes by edge and level; half of them in the forward pass.</summary>
    internal double[][] Edges { get; }

    private static double[][] Levels(PlanCost[] costs, int count, Func<PlanCost, int, Func<int, int>, double> bytes)
    {
        double[][] result = [.. Enumerable.Range(0, count).Select(_ => new double[costs.Length])];
        for (int level = 0; level < costs.Length; level++)
        {
            PlanCost at = costs[level];
            int divisor = (int)Math.Pow(at.Patterns.Splits, costs.Length - 1 - level);
            for (int i = 0; i < count; i++)
            {
                result[i][level] =
                    bytes(at, i, pattern => pattern / divisor) - result[i].AsSpan(0, level).ToArray().Sum();
            }
        }

        return result;
    }
}
