namespace Temper.Parallelism.Planning;

/// <summary>Measures that reduce a rank's memory at the cost of communication or computation.</summary>
[Flags]
public enum MemorySaving
{
    /// <summary>No measure.</summary>
    None = 0,

    /// <summary>
    /// Ranks with the same weights each keep a share of the optimizer state and send the weights that they update to
    /// the others.
    /// </summary>
    ShardedOptimizer = 1,

    /// <summary>Outputs are recomputed in the backward pass, which takes a third more computation.</summary>
    Recompute = 2,
}

/// <summary>
/// Memory of a rank in a training step, in bytes: weights, gradients and optimizer state, and for the rank's share of
/// the batch the inputs of all layers (the data included), their outputs, and the errors of the outputs. Inputs and
/// outputs are separate values, because activation and pooling are between them.
/// </summary>
internal sealed class RankMemory(PlanCost cost, int statesPerWeight)
{
    private const double ElementBytes = sizeof(float);

    /// <summary>
    /// Returns the bytes of one layer, without its outputs and their errors if outputs are recomputed.
    /// </summary>
    internal double Layer(int index, int pattern, MemorySaving saving)
    {
        PlannedLayer layer = cost.Network.Layers[index];
        (double data, double input, double output, double strips) = Parts(pattern);
        double replicas = saving.HasFlag(MemorySaving.ShardedOptimizer) ? data * strips : 1;
        double weights = layer.Weights / (input * output) * (2 + (statesPerWeight / replicas));
        double inputs = cost.Batch / data * (layer.Inputs + layer.DataInputs) / (input * strips);
        return ElementBytes
            * (weights + inputs + (saving.HasFlag(MemorySaving.Recompute) ? 0 : Outputs(layer, pattern)));
    }

    /// <summary>
    /// Returns the bytes of a plan. If outputs are recomputed, only those of the largest layer, and their errors, are
    /// counted.
    /// </summary>
    internal double Plan(int[] patterns, MemorySaving saving)
    {
        double sum = Enumerable.Range(0, patterns.Length).Sum(layer => Layer(layer, patterns[layer], saving));
        if (!saving.HasFlag(MemorySaving.Recompute))
        {
            return sum;
        }

        double largest = Enumerable.Range(0, patterns.Length)
            .Max(layer => Outputs(cost.Network.Layers[layer], patterns[layer]));
        return sum + (ElementBytes * largest);
    }

    /// <summary>Returns the number of outputs and of their errors, which are as many.</summary>
    private double Outputs(PlannedLayer layer, int pattern)
    {
        (double data, double input, double output, double strips) = Parts(pattern);
        return 2 * (double)cost.Batch / data * layer.Summed(CostKind.Exact) / (input * output * strips);
    }

    private (double Data, double Input, double Output, double Strips) Parts(int pattern) => (
        cost.Patterns.Parts(pattern, Split.Data), cost.Patterns.Parts(pattern, Split.Input),
        cost.Patterns.Parts(pattern, Split.Output),
        cost.Patterns.Parts(pattern, Split.Space));
}
