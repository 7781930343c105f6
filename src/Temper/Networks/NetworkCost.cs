using Temper.Tensors;

namespace Temper.Networks;

/// <summary>What one pass of a batch costs, node by node and in all.</summary>
/// <param name="Batch">Samples in the batch.</param>
/// <param name="Nodes">The nodes in order.</param>
public sealed record NetworkCost(int Batch, IReadOnlyList<NodeCost> Nodes)
{
    /// <summary>Multiply-accumulate operations of a pass.</summary>
    public long Macs => Nodes.Sum(node => node.Macs);

    /// <summary>Numbers in all parameters; a shared one counts once, with its first node.</summary>
    public long Parameters => Nodes.Sum(node => node.Parameters);

    /// <summary>Numbers in the results of all nodes.</summary>
    public long Activations => Nodes.Sum(node => node.Activations);

    /// <summary>Bytes of all parameters and buffers.</summary>
    public long Bytes => Nodes.Sum(node => node.Bytes);
}

/// <summary>What one node costs.</summary>
/// <param name="Name">Name of the node.</param>
/// <param name="Kind">Its operator.</param>
/// <param name="Output">Shape of its result, batch first.</param>
/// <param name="Macs">Multiply-accumulate operations.</param>
/// <param name="Parameters">Numbers in the parameters that no earlier node has counted.</param>
/// <param name="Activations">Numbers in its result.</param>
/// <param name="Bytes">Bytes of those parameters and of its buffers.</param>
public sealed record NodeCost(string Name, string Kind, Shape Output, long Macs, long Parameters, long Activations, long Bytes);

public sealed partial class Network
{
    /// <summary>Counts multiply-accumulate operations, parameters, activations and bytes from the shapes alone.</summary>
    /// <param name="batch">Samples in the batch, zero or more.</param>
    public NetworkCost Cost(int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        var shapes = new Dictionary<string, Shape>(StringComparer.Ordinal);
        foreach (InputSpec input in Inputs)
        {
            shapes[input.Name] = input.BatchShape(batch);
        }

        var counted = new HashSet<string>(StringComparer.Ordinal);
        var costs = new List<NodeCost>(Nodes.Count);
        foreach (Node node in Nodes)
        {
            Shape[] inputs = [.. node.Inputs.Select(name => shapes[name])];
            Shape output = node.Operator.InferShape(inputs, node.Name);
            shapes[node.Name] = output;
            long parameters = node.Parameters.Where(counted.Add).Sum(name => (long)Parameters[name].Value.Count);
            long buffers = node.Buffers.Where(counted.Add).Sum(name => (long)Buffers[name].Count * Buffers[name].DType.SizeInBytes());
            costs.Add(new NodeCost(
                node.Name, node.Operator.Kind, output, node.Operator.Macs(inputs, output), parameters, output.Count, (parameters * sizeof(float)) + buffers));
        }

        return new NetworkCost(batch, costs);
    }

    /// <summary>A table of the nodes: operator, shape, parameters, multiply-accumulates and bytes, with totals.</summary>
    public override string ToString() => NetworkTable.Of(this);
}
