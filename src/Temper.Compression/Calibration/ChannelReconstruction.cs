using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Prepares layers for the removal of input channels: each is refitted, by least squares on calibration samples without
/// labels, to its output with all channels. Layers are refitted in order, each with the inputs produced by the layers
/// before it.
/// </summary>
/// <remarks>
/// Channel pruning by reconstruction (arXiv:1707.06168, equation 5), for channels that have been chosen already.
/// Running statistics of batch normalizations are adjusted.
/// </remarks>
internal static class ChannelReconstruction
{
    /// <summary>
    /// Limits on the number of samples, and on the number of output values of all layers, which are held in memory
    /// together.
    /// </summary>
    private const int MaxSamples = 128, MaxNumbers = 1 << 26;

    /// <summary>Minimum number of samples; with fewer a fit would overfit.</summary>
    private const int FewestSamples = 16;

    /// <summary>Maximum number of weights per output of a fitted layer: the work grows with its cube.</summary>
    private const int WidestLayer = 2048;

    /// <summary>
    /// Returns the number of samples used to fit a network; 0: the network is too large to be fitted.
    /// </summary>
    internal static int SampleCount(Network network)
    {
        long each = Math.Max(
            1, network.Nodes.Where(LayerInputs.CanFit).Sum(node => (long)network.Graph.ShapeOf(node.Name).Count));
        long count = Math.Min(MaxSamples, MaxNumbers / each);
        return count < FewestSamples ? 0 : (int)count;
    }

    /// <summary>
    /// Returns the network at full width, with layers refitted so that they do not use the channels to be removed.
    /// </summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="removed">Channels to be removed.</param>
    /// <param name="samples">Calibration inputs <c>[N, ...]</c>.</param>
    internal static Network Without(Network network, IEnumerable<ChannelGroup> removed, Tensor samples)
    {
        Dictionary<string, HashSet<int>> unread =
            removed.SelectMany(group => group.Parameters).Where(slice => slice.Axis == 1)
            .GroupBy(slice => slice.Name, StringComparer.Ordinal).ToDictionary(group =>
                group.Key, group => group.SelectMany(slice => slice.Indices).ToHashSet(), StringComparer.Ordinal);
        Node[] layers = [.. network.Nodes.Where(node => IsFitted(network, node)
            && unread.ContainsKey(node.Parameters[0]))];
        Pass dense = Pass.Evaluation.Tap([.. layers.Select(layer => layer.Name)]);
        network.Forward(samples, dense);
        foreach (Node layer in layers)
        {
            Pass pass = Pass.Evaluation.Tap(layer.Inputs[0]);
            network.Forward(samples, pass);
            Tensor x = pass[layer.Inputs[0]];
            network =
                network.WithParameters([Fitted(network, layer, unread[layer.Parameters[0]], x, dense[layer.Name])]);
            network = NormalizationShift.After(network, layer, dense[layer.Name], samples);
        }

        return network;
    }

    private static bool IsFitted(Network network, Node node) => LayerInputs.CanFit(node)
        && network.Parameters[node.Parameters[0]] is { Mask: null } weight
        && weight.Value.Count / weight.Value.Shape[0] <= WidestLayer
        && !network.IsShared(node.Parameters[0]);

    /// <summary>Returns the layer's weights, fitted without some input channels.</summary>
    private static Parameter Fitted(Network network, Node layer, HashSet<int> unread, Tensor x, Tensor wanted)
    {
        Parameter weight = network.Parameters[layer.Parameters[0]];
        int width = weight.Value.Count / weight.Value.Shape[0], kernel = width / weight.Value.Shape[1];
        float[] values = weight.Value.ToArray<float>();
        bool[] keeps = [.. Enumerable.Range(0, values.Length).Select(i => !unread.Contains(i % width / kernel))];
        double[] products = CalibratedPruning.Products(network, layer, x, wanted);
        LeastSquaresFit.Fit(values, keeps, LayerInputs.Moments(layer, x), products);
        return weight with { Value = Tensor.From(values, weight.Value.Shape) };
    }
}
