using Temper.Tensors;

namespace Temper.Networks;

/// <summary>What one pass of a batch costs, node by node and in all.</summary>
/// <param name="Batch">Samples in the batch.</param>
/// <param name="Nodes">The nodes in order.</param>
/// <remarks>Counts, not times. Pixels that padding fills count like others, as the literature does.</remarks>
public sealed record NetworkCost(int Batch, IReadOnlyList<NodeCost> Nodes)
{
    /// <summary>Multiply-accumulate operations of a pass with all weights.</summary>
    public long Macs => Nodes.Sum(node => node.Macs);

    /// <summary>Multiply-accumulate operations with weights that are not zero.</summary>
    public long NonzeroMacs => Nodes.Sum(node => node.NonzeroMacs);

    /// <summary>
    /// Those of <see cref="NonzeroMacs"/> whose activation is not zero either; null where activations were not
    /// measured.
    /// </summary>
    public double? ActiveMacs =>
        Nodes.All(node => node.ActiveMacs is not null) ? Nodes.Sum(node => node.ActiveMacs) : null;

    /// <summary>Numbers in all parameters; a shared one counts once, with its first node.</summary>
    public long Parameters => Nodes.Sum(node => node.Parameters);

    /// <summary>Those of <see cref="Parameters"/> that are not zero.</summary>
    public long NonzeroParameters => Nodes.Sum(node => node.NonzeroParameters);

    /// <summary>Numbers in the results of all nodes.</summary>
    public long Activations => Nodes.Sum(node => node.Activations);

    /// <summary>
    /// Bytes that a pass reads and writes where each node reads its inputs, parameters and buffers and writes its
    /// result once, all dense.
    /// </summary>
    public long Traffic => Nodes.Sum(node => node.Traffic);

    /// <summary>Bytes of all parameters and buffers.</summary>
    public long Bytes => Nodes.Sum(node => node.Bytes);
}

/// <summary>What one node costs.</summary>
/// <param name="Name">Name of the node.</param>
/// <param name="Kind">Its operator.</param>
/// <param name="Output">Shape of its result, batch first.</param>
/// <param name="Macs">Multiply-accumulate operations with all weights.</param>
/// <param name="Parameters">Numbers in the parameters that no earlier node has counted.</param>
/// <param name="Activations">Numbers in its result.</param>
/// <param name="Bytes">Bytes of those parameters and of its buffers.</param>
public sealed record NodeCost(
    string Name, string Kind, Shape Output, long Macs, long Parameters, long Activations, long Bytes)
{
    /// <summary>
    /// Multiply-accumulate operations with weights that are not zero; all of them where a node has no weights.
    /// </summary>
    public long NonzeroMacs { get; init; } = Macs;

    /// <summary>
    /// Those of <see cref="NonzeroMacs"/> whose activation is not zero either, by measured densities; null: not
    /// measured.
    /// </summary>
    public double? ActiveMacs { get; init; }

    /// <summary>Those of <see cref="Parameters"/> that are not zero.</summary>
    public long NonzeroParameters { get; init; } = Parameters;

    /// <summary>Bytes of the inputs, the parameters, the buffers and the result.</summary>
    public long Traffic { get; init; }
}

public sealed partial class Network
{
    /// <summary>
    /// Counts multiply-accumulate operations, parameters, activations, traffic and bytes from the shapes and from which
    /// weights are zero.
    /// </summary>
    /// <param name="batch">Samples in the batch, zero or more.</param>
    /// <param name="density">
    /// How much of each value is not zero on data; null: <see cref="NetworkCost.ActiveMacs"/> is null.
    /// </param>
    /// <exception cref="ArgumentException">The densities are of another network.</exception>
    public NetworkCost Cost(int batch = 1, ActivationDensity? density = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        return new CostCount(this, batch, density).Count();
    }

    /// <summary>
    /// Multiply-accumulates that each weight of a convolution or linear layer takes part in for one sample, over all
    /// nodes that share it.
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
    /// A table of the nodes: operator, shape, parameters, multiply-accumulates and bytes, with totals.
    /// </summary>
    public override string ToString() => NetworkTable.Of(this);
}
