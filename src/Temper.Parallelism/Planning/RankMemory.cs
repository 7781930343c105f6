namespace Temper.Parallelism.Planning;

/// <summary>What keeps a rank's memory small, at a price.</summary>
[Flags]
public enum MemorySaving
{
    /// <summary>Nothing is saved.</summary>
    None = 0,

    /// <summary>
    /// Ranks with the same weights keep a share of the optimizer's state each, and hand out what they have updated.
    /// </summary>
    ShardedOptimizer = 1,

    /// <summary>Outputs are computed again in the backward pass: a third more computing.</summary>
    Recompute = 2,
}

/// <summary>
/// Bytes that a rank holds in a training step: weights, gradients, optimizer state, and what the backward pass reads.
/// </summary>
internal sealed class RankMemory(PlanCost cost, int statesPerWeight)
{
    private const double ElementBytes = sizeof(float);

    /// <summary>The bytes of one layer; without outputs where these are computed again.</summary>
    internal double Layer(int index, int pattern, MemorySaving saving)
    {
        PlannedLayer layer = cost.Network.Layers[index];
        (double data, double input, double output, double strips) = Parts(pattern);
        double replicas = saving.HasFlag(MemorySaving.ShardedOptimizer) ? data * strips : 1;
        double weights = layer.Weights / (input * output) * (2 + (statesPerWeight / replicas));
        double inputs = cost.Batch / data * layer.Inputs / (input * strips);
        return ElementBytes
            * (weights + inputs + (saving.HasFlag(MemorySaving.Recompute) ? 0 : Outputs(layer, pattern)));
    }

    /// <summary>The bytes of a plan. Where outputs are computed again, one layer's are there at a time.</summary>
    internal double Plan(int[] patterns, MemorySaving saving)
    {
        double sum = Enumerable.Range(0, patterns.Length).Sum(layer => Layer(layer, patterns[layer], saving));
        return saving.HasFlag(MemorySaving.Recompute)
            ? sum + (ElementBytes * Enumerable.Range(0, patterns.Length).Max(
                layer => Outputs(cost.Network.Layers[layer], patterns[layer])))
            : sum;
    }

    private double Outputs(PlannedLayer layer, int pattern)
    {
        (double data, double input, double output, double strips) = Parts(pattern);
        return cost.Batch / data * layer.Summed(CostKind.Exact) / (input * output * strips);
    }

    private (double Data, double Input, double Output, double Strips) Parts(int pattern) => (
        cost.Patterns.Parts(pattern, Split.Data), cost.Patterns.Parts(pattern, Split.Input),
        cost.Patterns.Parts(pattern, Split.Output),
        cost.Patterns.Parts(pattern, Split.Space));
}
