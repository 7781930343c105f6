using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// Multiply-accumulates (MACs) per sample, counted exactly: products of a nonzero weight and a nonzero input.
/// </summary>
/// <param name="Activations">
/// Fraction of the inputs of hidden layers that are nonzero, 0 to 1; 1 if there is no hidden layer.
/// </param>
/// <param name="MacsZeroInputsCounted">
/// Mean MACs per sample; layers that read the network's input count zero inputs as well.
/// </param>
/// <param name="MacsZeroInputsSkipped">Mean MACs per sample; zeros are skipped in the network's input too.</param>
/// <param name="Layers">Counts of the convolutions and linear layers, in network order.</param>
/// <remarks>
/// Padding counts as zero. Only two-dimensional convolutions and linear layers are counted input by input; other
/// operators (such as transposed and three-dimensional convolutions, and products of two values) count all their
/// inputs.
/// </remarks>
public sealed record ActivationCount(
    double Activations, double MacsZeroInputsCounted, double MacsZeroInputsSkipped,
    IReadOnlyList<LayerActivations> Layers)
{
    private const int AtOnce = 64;

    /// <summary>Runs samples through a network and counts the multiply-accumulates.</summary>
    /// <param name="network">A network with a dynamic batch axis.</param>
    /// <param name="samples">The samples; labels are not read.</param>
    /// <param name="most">Maximum number of samples used, spread evenly over the set.</param>
    /// <param name="cancel">Cancels between batches.</param>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static ActivationCount Of(
        Network network, Dataset samples, int most = int.MaxValue, CancellationToken cancel = default)
    {
        samples = samples.Spread(most);
        int count = samples.Count;
        if (count == 0)
        {
            throw new ArgumentException("ActivationCount.Of: there are no samples; give at least one", nameof(samples));
        }

        CountedLayer[] layers = [.. network.Nodes.Where(CountedLayer.CanCount).Select(
            node => new CountedLayer(network, node, ReadsInput(network, node)))];
        string[] values = [.. layers.Select(layer => layer.Node.Inputs[0]).Distinct(StringComparer.Ordinal)];
        for (int start = 0; start < count; start += AtOnce)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            Pass pass = Pass.Evaluation.Tap(values);
            network.Forward(samples.Read(start, Math.Min(AtOnce, count - start)).Inputs, pass);
            Array.ForEach(layers, layer => layer.Add(pass[layer.Node.Inputs[0]]));
        }

        return Sum(network, layers, count);
    }

    private static ActivationCount Sum(Network network, CountedLayer[] layers, int count)
    {
        Dictionary<string, NodeCost> costs =
            network.Cost().Nodes.ToDictionary(cost => cost.Name, StringComparer.Ordinal);
        double others = costs.Values.Where(cost => !Array.Exists(layers, layer =>
            string.Equals(layer.Node.Name, cost.Name, StringComparison.Ordinal))).Sum(cost => (double)cost.NonzeroMacs);
        LayerActivations[] counted =
        [
            .. layers.Select(layer => new LayerActivations(
                layer.Node.Name, layer.ReadsInput, layer.Inputs == 0 ? 0 : (double)layer.NonzeroInputs / layer.Inputs,
                costs[layer.Node.Name].Macs, costs[layer.Node.Name].NonzeroMacs, (double)layer.Macs / count)),
        ];

        // A value that several layers read is counted once.
        CountedLayer[] hidden = [.. layers.Where(layer => !layer.ReadsInput).DistinctBy(
            layer => layer.Node.Inputs[0], StringComparer.Ordinal)];
        long all = hidden.Sum(layer => layer.Inputs);
        return new ActivationCount(
            all == 0 ? 1 : (double)hidden.Sum(layer => layer.NonzeroInputs) / all,
            others + counted.Sum(layer => layer.ReadsInput ? layer.NonzeroMacs : layer.ActiveMacs),
            others + counted.Sum(layer => layer.ActiveMacs),
            counted);
    }

    /// <summary>Returns whether no weighted layer lies between the network's input and a node.</summary>
    internal static bool ReadsInput(Network network, Node node)
    {
        var makers = network.Nodes.ToDictionary(other => other.Name, StringComparer.Ordinal);
        bool IsInput(string value) => !makers.TryGetValue(value, out Node? maker)
            || (!maker.Parameters.Any(name => SparsityReport.IsWeight(network.Parameters[name]))
                && maker.Inputs.All(IsInput));
        return IsInput(node.Inputs[0]);
    }
}

/// <summary>Multiply-accumulates of one layer.</summary>
/// <param name="Name">Name of the node.</param>
/// <param name="ReadsInput">Whether the layer reads the network's input.</param>
/// <param name="Density">Fraction of the layer's inputs that are nonzero, 0 to 1.</param>
/// <param name="Macs">Dense multiply-accumulates per sample.</param>
/// <param name="NonzeroMacs">Multiply-accumulates per sample with nonzero weights.</param>
/// <param name="ActiveMacs">Mean multiply-accumulates per sample with nonzero weights and nonzero inputs.</param>
public sealed record LayerActivations(
    string Name, bool ReadsInput, double Density, long Macs, long NonzeroMacs, double ActiveMacs);
