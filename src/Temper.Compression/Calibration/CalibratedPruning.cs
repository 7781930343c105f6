using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Prunes a network without training and without labels: each pruned layer is refitted to its previous outputs on
/// calibration samples.
/// </summary>
public static class CalibratedPruning
{
    /// <summary>
    /// Sets a fraction of the weights to zero. Which weights are pruned is chosen over the whole network, by the change
    /// of their layer's output. Layers are then refitted in order, each with the inputs produced by the pruned layers
    /// before it.
    /// </summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="samples">
    /// Calibration inputs <c>[N, ...]</c>, at least one; some dozens or hundreds are useful. Labels are not needed.
    /// </param>
    /// <param name="sparsity">
    /// Fraction of the weights that become zero, 0 or more and below 1. Weights that are zero already count and stay
    /// zero. Grouped and transposed convolutions are not pruned.
    /// </param>
    /// <param name="ignores">Names of nodes that are not pruned; null: none.</param>
    /// <param name="cancel">Cancels between layers.</param>
    /// <returns>
    /// The pruned network, with masks. The running statistics of batch normalizations are adjusted to the changed
    /// outputs.
    /// </returns>
    /// <remarks>
    /// Each layer is pruned with SparseGPT (arXiv:2301.00774). Its remaining weights are then fitted to the output of
    /// the dense network, which also compensates for errors of earlier layers. The choice over the whole network,
    /// relative to the energy of each layer's output, is not part of the paper.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sparsity"/> is out of range.</exception>
    /// <exception cref="ArgumentException">There are no samples, or one is not finite.</exception>
    public static Network PruneCalibrated(
        this Network network, Tensor samples, double sparsity, Func<string, bool>? ignores = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(samples);
        if (!(sparsity is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(sparsity), string.Create(
                CultureInfo.InvariantCulture,
                $"PruneCalibrated: sparsity is out of range (got {sparsity}, expected 0 or more and below 1)"));
        }

        if (samples.Rank == 0 || samples.Shape[0] < 1)
        {
            throw new ArgumentException($"PruneCalibrated: there are no samples (got shape {samples.Shape}, expected "
                + "[N, ...] with N of 1 or more); give some dozens", nameof(samples));
        }

        RequireFinite(samples);

        // Weights shared by two layers are skipped: fitting them would need the inputs of both.
        Node[] layers = [.. network.Nodes.Where(node => LayerInputs.CanFit(node) && ignores?.Invoke(node.Name) != true
            && !network.IsShared(node.Parameters[0]))];
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
            Tensor mask = Tensor.From([.. keeps[layer.Name].Select(isKept => isKept ? 1f : 0f)], weight.Value.Shape);
            network =
                network.WithParameters([weight with { Value = Tensor.From(values, weight.Value.Shape), Mask = mask }]);
            network = NormalizationShift.After(network, layer, dense[layer.Name], samples);
        }

        return network;
    }

    private static void RequireFinite(Tensor samples)
    {
        ReadOnlySpan<float> values = samples.DType == DType.Float32 ? samples.AsSpan<float>() : [];
        int wrong = values.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (wrong >= 0)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"PruneCalibrated: sample {wrong / (samples.Count / samples.Shape[0])} is not finite (got "
                + $"{values[wrong]}); leave it out"), nameof(samples));
        }
    }

    /// <summary>
    /// Returns the products of a layer's inputs with its wanted outputs, from which the bias is subtracted.
    /// </summary>
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
    /// Chooses the weights to keep: those with the highest cost of removal in the whole network, relative to the energy
    /// of their layer's output. A layer whose output is zero for all samples has cost 0.
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

            // Weights that are zero go first, so that they are never fitted to other values.
            costs[layer.Name] = [.. values.Select((value, i) =>
                value == 0 ? double.NegativeInfinity : energy > 0 ? surgeon.Cost(value, i % width) / energy : 0)];
        }

        double[] sorted = [.. costs.Values.SelectMany(layer => layer).Order()];
        int pruned = (int)(sorted.Length * sparsity);
        double threshold = pruned == 0 ? double.NegativeInfinity : sorted[pruned - 1];
        return costs.ToDictionary(layer =>
            layer.Key, layer => Array.ConvertAll(layer.Value, cost => cost > threshold), StringComparer.Ordinal);
    }

    /// <summary><c>Σ_o w_oᵀ H w_o</c>: the sum of squares of the layer's outputs, without bias.</summary>
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
                sum += row[i] * TensorPrimitives.Dot(moments.AsSpan(i * width, width), row);
            }
        }

        return sum;
    }
}
