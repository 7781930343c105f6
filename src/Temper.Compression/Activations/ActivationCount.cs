using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// Multiply-accumulates of a sample, counted one by one: weights that are not zero times inputs that are not zero.
/// </summary>
/// <param name="Activations">
/// Part of what hidden layers read that is not zero, 0 to 1; 1 where no layer reads another.
/// </param>
/// <param name="MacsZeroInputsCounted">Mean a sample; zeros of the network's inputs count as multiplied.</param>
/// <param name="MacsZeroInputsSkipped">Mean a sample; zeros of the network's inputs are left out as others are.</param>
/// <param name="Layers">Convolutions and linear layers in the network's order.</param>
/// <remarks>
/// Padding is zero and never counts behind the first layers. Convolutions and linear layers are counted; other
/// operators (transposed and three-dimensional convolutions, products of two values) with all their inputs.
/// </remarks>
public sealed record ActivationCount(
    double Activations, double MacsZeroInputsCounted, double MacsZeroInputsSkipped,
    IReadOnlyList<LayerActivations> Layers)
{
    private const int AtOnce = 64;

    /// <summary>Runs samples through a network and counts.</summary>
    /// <param name="network">With a free batch.</param>
    /// <param name="samples">The samples; labels are not read.</param>
    /// <param name="most">How many are taken, from the first on.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static ActivationCount Of(
        Network network, Dataset samples, int most = int.MaxValue, CancellationToken cancel = default)
    {
        int count = Math.Min(samples.Count, most);
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

        // A value that several layers read counts once.
        CountedLayer[] hidden = [.. layers.Where(layer => !layer.ReadsInput).DistinctBy(
            layer => layer.Node.Inputs[0], StringComparer.Ordinal)];
        long all = hidden.Sum(layer => layer.Inputs);
        return new ActivationCount(
            all == 0 ? 1 : (double)hidden.Sum(layer => layer.NonzeroInputs) / all,
            others + counted.Sum(layer => layer.ReadsInput ? layer.NonzeroMacs : layer.ActiveMacs),
            others + counted.Sum(layer => layer.ActiveMacs),
            counted);
    }

    /// <summary>Whether no layer of weights stands between the network's inputs and a node.</summary>
    internal static bool ReadsInput(Network network, Node node)
    {
        var makers = network.Nodes.ToDictionary(other => other.Name, StringComparer.Ordinal);
        bool IsInput(string value) => !makers.TryGetValue(value, out Node? maker)
            || (!maker.Parameters.Any(name => Pruning.SparsityReport.IsWeight(network.Parameters[name]))
                && maker.Inputs.All(IsInput));
        return IsInput(node.Inputs[0]);
    }
}

/// <summary>What one layer multiplies.</summary>
/// <param name="Name">Name of the node.</param>
/// <param name="ReadsInput">Whether it reads the network's input.</param>
/// <param name="Density">Part of what it reads that is not zero.</param>
/// <param name="Macs">Multiply-accumulates of a sample, dense.</param>
/// <param name="NonzeroMacs">Those with weights that are not zero.</param>
/// <param name="ActiveMacs">Those with weights and inputs that are not zero, mean a sample.</param>
public sealed record LayerActivations(
    string Name, bool ReadsInput, double Density, long Macs, long NonzeroMacs, double ActiveMacs);
