using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Pruning without training and without labels: each layer is fitted again to what it gave before, on some samples.
/// </summary>
public static class CalibratedPruning
{
    /// <summary>
    /// Removes weights until a part of them is zero. Layers are taken in order, each with the inputs that the pruned
    /// layers before it give; which weights go is decided over the whole network by what their removal does to the
    /// outputs of their layer.
    /// </summary>
    /// <param name="network">Not changed.</param>
    /// <param name="samples"><c>[N, ...]</c>, some dozens or hundreds; labels are not needed.</param>
    /// <param name="sparsity">
    /// Part of the weights that goes, 0 to below 1. Grouped and transposed convolutions stay as they are.
    /// </param>
    /// <param name="ignores">Layers that stay as they are, by name of the node; null: none.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>
    /// The pruned network with masks; running statistics of batch normalization have moved as the layers before them
    /// have.
    /// </returns>
    /// <remarks>
    /// SparseGPT (arXiv:2301.00774) prunes a layer. Then the weights that stay are fitted to what the layer gave in the
    /// dense network, which makes up for the layers before it too. The choice over the whole network, relative to each
    /// layer's output, is ours.
    /// </remarks>
    public static Network PruneCalibrated(
        this Network network, Tensor samples, double sparsity, Func<string, bool>? ignores = null,
        CancellationToken cancel = default)
    {
        if (!(sparsity is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(sparsity), "PruneCalibrated: expected a part of the weights "
                + $"from 0 to below 1 (got {sparsity})");
        }

        // A weight that two layers share would need both their inputs.
        Node[] layers = [.. network.Nodes.Where(node => LayerInputs.CanFit(node) && ignores?.Invoke(node.Name) != true
            && network.Nodes.Count(other => other.Parameters.Contains(node.Parameters[0], StringComparer.Ordinal))
                == 1)];
        Pass dense = Pass.Evaluation.Tap([.. layers.SelectMany(layer => new[] { layer.Inputs[0], layer.Name })]);
        network.Forward(samples, dense);
        Dictionary<string, bool[]> keeps = Choose(network, layers, dense, sparsity, cancel);
        foreach (Node layer in layers)
        {
            cancel.ThrowIfCancellationRequested();
            Parameter weight = network.Parameters[layer.Parameters[0]];
            float[] values = weight.Value.ToArray<float>();
            Pass pass = Pass.Evaluation.Tap(layer.Inputs[0]);
            network.Forward(samples, pass);
            double[] moments = LayerInputs.Moments(layer, pass[layer.Inputs[0]]);
            new OptimalBrainSurgeon(moments, values.Length / weight.Value.Shape[0]).Prune(values, keeps[layer.Name]);
            LeastSquaresFit.Fit(
                values, keeps[layer.Name], moments, Products(network, layer, pass[layer.Inputs[0]], dense[layer.Name]));
            Tensor mask = Tensor.From([.. keeps[layer.Name].Select(stays => stays ? 1f : 0f)], weight.Value.Shape);
            network =
                network.WithParameters([weight with { Value = Tensor.From(values, weight.Value.Shape), Mask = mask }]);
            network = NormalizationShift.Behind(network, layer, dense[layer.Name], samples);
        }

        return network;
    }

    /// <summary>What the inputs of a layer have to do with outputs that it gave before, its bias left out.</summary>
    internal static double[] Products(Network network, Node layer, Tensor x, Tensor y)
    {
        if (layer.Parameters.Count > 1)
        {
            Tensor bias = network.Parameters[layer.Parameters[1]].Value;
            y -= layer.Operator is Conv2d ? bias.Reshape([bias.Count, 1, 1]) : bias;
        }

        return LayerInputs.Products(layer, x, y);
    }

    /// <summary>
    /// Which weights stay: the costliest of the whole network, cost being relative to the energy of a layer's output.
    /// </summary>
    private static Dictionary<string, bool[]> Choose(
        Network network, Node[] layers, Pass dense, double sparsity, CancellationToken cancel)
    {
        var costs = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (Node layer in layers)
        {
            cancel.ThrowIfCancellationRequested();
            Parameter weight = network.Parameters[layer.Parameters[0]];
            float[] values = weight.Value.ToArray<float>();
            int width = values.Length / weight.Value.Shape[0];
            double[] moments = LayerInputs.Moments(layer, dense[layer.Inputs[0]]);
            var surgeon = new OptimalBrainSurgeon(moments, width);
            double energy = Energy(values, moments, width);
            costs[layer.Name] = [.. values.Select((value, i) => surgeon.Cost(value, i % width) / energy)];
        }

        double[] sorted = [.. costs.Values.SelectMany(layer => layer).Order()];
        int goes = (int)(sorted.Length * sparsity);
        double threshold = goes == 0 ? double.NegativeInfinity : sorted[goes - 1];
        return costs.ToDictionary(layer =>
            layer.Key, layer => Array.ConvertAll(layer.Value, cost => cost > threshold), StringComparer.Ordinal);
    }

    /// <summary><c>Σ_o w_oᵀ H w_o</c>: the sum of squares of the layer's outputs, bias left out.</summary>
    private static double Energy(float[] weights, double[] moments, int width)
    {
        double sum = 0;
        double[] row = new double[width];
        for (int start = 0; start < weights.Length; start += width)
        {
            for (int i = 0; i < width; i++)
            {
                row[i] = weights[start + i];
            }

            for (int i = 0; i < width; i++)
            {
                sum += row[i] * System.Numerics.Tensors.TensorPrimitives.Dot(moments.AsSpan(i * width, width), row);
            }
        }

        return Math.Max(sum, double.Epsilon);
    }
}
