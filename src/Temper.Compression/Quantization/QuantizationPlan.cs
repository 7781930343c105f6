using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Quantization;

/// <summary>
/// The basis of quantizing a network: the grids of layer inputs and addends, calibrated on samples. Creates networks
/// with any subset of the layers in 8 bits.
/// </summary>
internal sealed class QuantizationPlan
{
    private const int SamplesAtOnce = 64;

    private readonly Dictionary<string, FakeQuantize> _grids;
    private readonly CalibrationMethod _method;

    private QuantizationPlan(
        Network network, IReadOnlyList<string> layers, Dictionary<string, FakeQuantize> grids,
        CalibrationMethod method) =>
        (Network, Layers, _grids, _method) = (network, layers, grids, method);

    /// <summary>
    /// The network in float32, with normalizations folded into the weights of the layers before them.
    /// </summary>
    internal Network Network { get; }

    /// <summary>Names of the layers that can be quantized.</summary>
    internal IReadOnlyList<string> Layers { get; }

    /// <summary>Calibrates a network on samples.</summary>
    /// <param name="network">The network in float32.</param>
    /// <param name="samples">Inputs <c>[N, ...]</c>, 1 or more.</param>
    /// <param name="options">How ranges are chosen, and which layers remain float32.</param>
    /// <exception cref="ArgumentException">
    /// The network has no layer that can be quantized, is quantized already, or has values that are not finite.
    /// </exception>
    internal static QuantizationPlan Of(Network network, Tensor samples, QuantizationOptions options)
    {
        Network folded = network.FoldNormalization();
        if (folded.Nodes.FirstOrDefault(node => folded.ScalesOf(node) is not null) is { } done)
        {
            throw new ArgumentException($"quantize: the network is quantized already (layer '{done.Name}' has an 8-bit "
                + "weight); use the float32 network");
        }

        string[] layers = [.. folded.Nodes.Where(node => IsLayer(folded, node)
            && !LayerPattern.MatchesAny(options.Ignore, node.Name)
            && !LayerPattern.MatchesAny(options.Ignore, node.Parameters[0])).Select(node => node.Name)];
        if (layers.Length == 0)
        {
            throw new ArgumentException("quantize: the network has no layer that can be quantized (got no convolution "
                + "or linear layer with its own parameters that is not ignored)");
        }

        Dictionary<string, ValueHistogram> values = ValuesOf(folded, layers.ToHashSet(StringComparer.Ordinal))
            .ToDictionary(value => value, value => new ValueHistogram(value), StringComparer.Ordinal);
        Observe(folded, samples, values, (histogram, numbers) => histogram.Widen(numbers));
        Observe(folded, samples, values, (histogram, numbers) => histogram.Count(numbers));
        return new QuantizationPlan(folded, layers, values.ToDictionary(pair =>
            pair.Key, pair => pair.Value.Grid(options), StringComparer.Ordinal), options.Calibration);
    }

    /// <summary>
    /// Returns a network with some layers in 8 bits and the others in float32. Stored weights are not changed; they are
    /// rounded in the forward pass.
    /// </summary>
    /// <param name="layers">Names of the layers in 8 bits.</param>
    /// <param name="weights">
    /// Network that provides weights and biases, with these layers quantized or in float32; null: <see
    /// cref="Network"/>.
    /// </param>
    internal Network Apply(IEnumerable<string> layers, Network? weights = null)
    {
        Network network = weights is null ? Network : With(weights);
        var chosen = layers.ToHashSet(StringComparer.Ordinal);
        var scales = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        Network result = network;
        foreach (Node node in network.Nodes.Where(node => chosen.Contains(node.Name)))
        {
            Tensor? bias = node.Parameters.Count > 1 ? network.Parameters[node.Parameters[1]].Value : null;
            Operator quantized = node.Operator is Conv2d convolution
                ? convolution with { HasInt8Weight = true }
                : (Linear)node.Operator with { HasInt8Weight = true };
            result = result.Replace(node.Name, quantized);
            string buffer = result.Graph.FindNode(node.Name)!.Buffers[0];

            // Scales are those of the weights seen in calibration, even if the weights were trained since.
            scales[buffer] = WeightScales.Of(
                Network.Parameters[node.Parameters[0]].Value, bias, _grids[node.Inputs[0]].Scale, _method);
        }

        foreach (string value in ValuesOf(network, chosen))
        {
            result = result.Insert(_grids[value], value, $"{value}.int8");
        }

        return result.WithBuffers(scales);
    }

    /// <summary>
    /// Returns the network with weights, and biases of layers with 8-bit input, rounded to their grids.
    /// </summary>
    internal static Network WithRoundedWeights(Network network)
    {
        var changed = new List<Parameter>();
        foreach (Node node in network.Nodes)
        {
            if (network.ScalesOf(node) is not { } scales)
            {
                continue;
            }

            Parameter weight = network.Parameters[node.Parameters[0]];
            changed.Add(weight with { Value = Int8Weight.Rounded(weight.Value, scales) });
            if (node.Parameters.Count > 1 && network.Graph.FindNode(node.Inputs[0])?.Operator is FakeQuantize grid)
            {
                Parameter bias = network.Parameters[node.Parameters[1]];
                changed.Add(bias with { Value = Multiples(bias.Value, scales * grid.Scale) });
            }
        }

        return network.WithParameters(changed);
    }

    /// <summary>
    /// Measures how much quantizing each layer alone changes the network's outputs: mean squared differences, by layer
    /// name.
    /// </summary>
    internal IReadOnlyDictionary<string, double> Sensitivity(
        IReadOnlyCollection<string> layers, Network weights, Tensor samples)
    {
        float[] expected = With(weights).Forward(samples).ToArray<float>();
        return layers.ToDictionary(layer => layer, layer =>
        {
            float[] found = Apply([layer], weights).Forward(samples).ToArray<float>();
            return expected.Zip(found, (a, b) => ((double)a - b) * (a - b)).Average();
        }, StringComparer.Ordinal);
    }

    /// <summary>Returns the float32 network with the parameters and statistics of another one.</summary>
    private Network With(Network weights) => Network.WithParameters(weights.Parameters)
        .WithBuffers(weights.Buffers.Where(buffer => Network.Buffers.ContainsKey(buffer.Key)));

    private static bool IsLayer(Network network, Node node) =>
        node.Operator is Conv2d or Linear && !node.Parameters.Any(network.IsShared);

    /// <summary>
    /// Returns the values that are rounded: the inputs of chosen layers, and both operands of additions that read the
    /// output of a chosen layer.
    /// </summary>
    private static IEnumerable<string> ValuesOf(Network network, HashSet<string> layers)
    {
        bool IsSum(Node node) => node.Operator is Add && node.Inputs.Any(layers.Contains)
            && node.Inputs.Distinct(StringComparer.Ordinal).Count() == 2
            && node.Inputs.All(input => network.Graph.InfoOf(input).Equals(network.Graph.InfoOf(node.Name)));
        return network.Nodes
            .SelectMany(node => layers.Contains(node.Name) ? node.Inputs : IsSum(node) ? node.Inputs : [])
            .Distinct(StringComparer.Ordinal);
    }

    private static void Observe(
        Network network, Tensor samples, Dictionary<string, ValueHistogram> values, SpanAction see)
    {
        string input = network.Inputs[0].Name;
        string[] inside = [.. values.Keys.Where(value => !string.Equals(value, input, StringComparison.Ordinal))];
        for (int start = 0; start < samples.Shape[0]; start += SamplesAtOnce)
        {
            Tensor part = samples.Slice(0, start, Math.Min(SamplesAtOnce, samples.Shape[0] - start));
            Pass pass = Pass.Evaluation.Tap(inside);
            network.Forward(part, pass);
            foreach ((string value, ValueHistogram histogram) in values)
            {
                Tensor numbers = string.Equals(value, input, StringComparison.Ordinal) ? part : pass[value];
                see(histogram, numbers.ToRowMajor().AsSpan<float>());
            }
        }
    }

    private static Tensor Multiples(Tensor bias, Tensor steps)
    {
        float[] values = bias.ToArray<float>();
        ReadOnlySpan<float> step = steps.AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(Math.Round((double)values[i] / step[i]) * step[i]);
        }

        return Tensor.From(values, bias.Shape);
    }

    private delegate void SpanAction(ValueHistogram histogram, ReadOnlySpan<float> numbers);
}
