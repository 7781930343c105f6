using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Cost of a forward pass of one batch, per node and in total.</summary>
/// <param name="Batch">Number of samples in the batch.</param>
/// <param name="Nodes">Costs of the nodes, in order.</param>
/// <remarks>Counts, not times. As is common in the literature, MACs with padding pixels are included.</remarks>
public sealed record NetworkCost(int Batch, IReadOnlyList<NodeCost> Nodes)
{
    /// <summary>Multiply-accumulates of a pass (MACs), including those with zero weights.</summary>
    public long Macs => Nodes.Sum(node => node.Macs);

    /// <summary>MACs with nonzero weights.</summary>
    public long NonzeroMacs => Nodes.Sum(node => node.NonzeroMacs);

    /// <summary>
    /// Expected MACs with nonzero weight and nonzero activation; null if activation densities were not measured.
    /// </summary>
    public double? ActiveMacs =>
        Nodes.All(node => node.ActiveMacs is not null) ? Nodes.Sum(node => node.ActiveMacs) : null;

    /// <summary>
    /// Number of elements in all parameters; a shared parameter is counted once, at the first node that uses it.
    /// </summary>
    public long Parameters => Nodes.Sum(node => node.Parameters);

    /// <summary>Number of nonzero elements in all parameters.</summary>
    public long NonzeroParameters => Nodes.Sum(node => node.NonzeroParameters);

    /// <summary>Number of elements in the results of all nodes.</summary>
    public long Activations => Nodes.Sum(node => node.Activations);

    /// <summary>
    /// Bytes read and written in a pass if each node reads its inputs, parameters and buffers and writes its result
    /// exactly once, all in dense form.
    /// </summary>
    public long Traffic => Nodes.Sum(node => node.Traffic);

    /// <summary>Size of all parameters and buffers, in bytes.</summary>
    public long Bytes => Nodes.Sum(node => node.Bytes);
}

/// <summary>Cost of one node.</summary>
/// <param name="Name">Name of the node.</param>
/// <param name="Kind">Kind of its operator.</param>
/// <param name="Output">Shape of its result, with the batch axis.</param>
/// <param name="Macs">Multiply-accumulates (MACs), including those with zero weights.</param>
/// <param name="Parameters">Number of elements in its parameters, without those counted at an earlier node.</param>
/// <param name="Activations">Number of elements in its result.</param>
/// <param name="Bytes">Size of the counted parameters and buffers, in bytes.</param>
public sealed record NodeCost(
    string Name, string Kind, Shape Output, long Macs, long Parameters, long Activations, long Bytes)
{
    /// <summary>MACs with nonzero weights; equal to <see cref="Macs"/> if the node has no weights.</summary>
    public long NonzeroMacs { get; init; } = Macs;

    /// <summary>
    /// Expected MACs with nonzero weight and nonzero activation, from measured densities; null: not measured.
    /// </summary>
    public double? ActiveMacs { get; init; }

    /// <summary>Number of nonzero elements among <see cref="Parameters"/>.</summary>
    public long NonzeroParameters { get; init; } = Parameters;

    /// <summary>Size of the inputs, parameters, buffers and result, in bytes.</summary>
    public long Traffic { get; init; }
}

public sealed partial class Network
{
    /// <summary>
    /// Counts MACs, parameters, activations, memory traffic and bytes, from the shapes and the nonzero weights.
    /// </summary>
    /// <param name="batch">Number of samples in the batch, 0 or more.</param>
    /// <param name="density">
    /// Measured fraction of nonzero elements in each value; null: <see cref="NetworkCost.ActiveMacs"/> is null.
    /// </param>
    /// <exception cref="ArgumentException">The densities were measured on another network.</exception>
    public NetworkCost Cost(int batch = 1, ActivationDensity? density = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        return new CostCount(this, batch, density).Count();
    }

    /// <summary>
    /// Counts, for each weight of a convolution or linear layer, the MACs per weight element and sample, summed over
    /// all nodes that share the weight.
    /// </summary>
    internal IReadOnlyDictionary<string, long> WeightUses()
    {
        var uses = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach ((NodeCost cost, Node node) in Cost().Nodes.Zip(Nodes))
        {
            if (CostCount.WeightOf(this, node) is { } weight)
            {
                uses[weight.Name] = uses.GetValueOrDefault(weight.Name) + (cost.Macs / weight.Value.Count);
            }
        }

        return uses;
    }

    /// <summary>
    /// Returns a table of the nodes with operator, output shape, parameters, MACs and bytes, and totals.
    /// </summary>
    public override string ToString() => NetworkTable.Of(this);
}
