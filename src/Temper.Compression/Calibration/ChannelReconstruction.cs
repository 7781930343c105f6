using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Makes the layers that read channels about to go do without them: each is fitted again, by least squares on some
/// samples whose labels are not read, to what it gave with all of them. Layers are taken in order, each with the inputs
/// that those before it now give.
/// </summary>
/// <remarks>
/// Channel pruning by reconstruction (arXiv:1707.06168, equation 5) for channels that are chosen already. Running
/// statistics move along.
/// </remarks>
internal static class ChannelReconstruction
{
    /// <summary>Samples at most, and numbers of all layers' outputs at most: they are held at once.</summary>
    private const int MostSamples = 128, MostNumbers = 1 << 26;

    /// <summary>Samples below which a fit would follow them and not the data.</summary>
    private const int FewestSamples = 16;

    /// <summary>Weights of an output up to which a layer is fitted: the work grows with their cube.</summary>
    private const int WidestLayer = 2048;

    /// <summary>How many samples a network is fitted on; 0: it is too large to be.</summary>
    internal static int SampleCount(Network network)
    {
        long each = Math.Max(
            1, network.Nodes.Where(LayerInputs.CanFit).Sum(node => (long)network.Graph.ShapeOf(node.Name).Count));
        long count = Math.Min(MostSamples, MostNumbers / each);
        return count < FewestSamples ? 0 : (int)count;
    }

    /// <summary>The network at full width whose layers do without some channels where they can.</summary>
    /// <param name="network">Not changed.</param>
    /// <param name="goes">Channels that are about to go.</param>
    /// <param name="samples"><c>[N, ...]</c>.</param>
    internal static Network Without(Network network, IEnumerable<ChannelGroup> goes, Tensor samples)
    {
        Dictionary<string, HashSet<int>> unread =
            goes.SelectMany(group => group.Parameters).Where(slice => slice.Axis == 1)
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
            network = NormalizationShift.Behind(network, layer, dense[layer.Name], samples);
        }

        return network;
    }

    private static bool IsFitted(Network network, Node node) => LayerInputs.CanFit(node)
        && network.Parameters[node.Parameters[0]] is { Mask: null } weight
        && weight.Value.Count / weight.Value.Shape[0] <= WidestLayer
        && network.Nodes.Count(other => other.Parameters.Contains(node.Parameters[0], StringComparer.Ordinal)) == 1;

    /// <summary>The layer's weights without some input channels.</summary>
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
