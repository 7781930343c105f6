using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Growth.Initializers;

/// <summary>
/// Net2DeeperNet (arXiv:1511.05641): initializes a plain block of one layer and a ReLU to the identity. Scale and shift
/// of its normalization are set to undo the normalization with the statistics of one batch, so that outputs stay about
/// the same in training mode too.
/// </summary>
public sealed record IdentityInit : BlockInitializer
{
    /// <inheritdoc/>
    public override string Name => "identity";

    /// <inheritdoc/>
    public override bool RefusesShortcut => true;

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting)
    {
        IReadOnlyList<Node> nodes = block.NodesIn(network);
        Node[] layers = [.. nodes.Where(node => BlockTemplate.IsLayer(node.Operator))];
        if (layers.Length != 1)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"identity: the block must have exactly one layer to start as the identity (got {layers.Length} in "
                + $"'{block.Name}'); use another initializer"));
        }

        Network identity = network.WithParameters(layers[0].Parameters.Select(name => network.Parameters[name]).Select(
            parameter => parameter with { Value = Identity(parameter) }));
        return block.LastNorm(network) is { } norm ? Undone(identity, block, norm, setting) : identity;
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Named(Name);

    /// <summary>
    /// Returns a kernel that is 1 at the same channel in the center of the kernel and 0 elsewhere; biases are 0.
    /// </summary>
    private static Tensor Identity(Parameter parameter)
    {
        Shape shape = parameter.Value.Shape;
        float[] values = new float[shape.Count];
        if (parameter.Role.IsLayerWeight())
        {
            int kernel = shape.CountOf(2, shape.Rank);
            for (int i = 0; i < shape[0]; i++)
            {
                values[(((i * shape[1]) + (i % shape[1])) * kernel) + (kernel / 2)] = 1;
            }
        }

        return Tensor.From(values, shape);
    }

    /// <summary>Sets scale and shift of a normalization to the standard deviation and mean of its input.</summary>
    private static Network Undone(Network network, GrowthBlock block, Node norm, InitializerSetting setting)
    {
        string input = block.InputIn(network);
        Network before = network.WithOutputs(new NetworkOutput("x", input));
        Tensor x = before.Forward(setting.FirstBatch().Inputs);
        (float[] means, float[] variances, _) = BatchStatistics.Of(x);
        float epsilon = ((BatchNorm)norm.Operator).Epsilon;
        Tensor mean = Tensor.From(means, [means.Length]), variance = Tensor.From(variances, [means.Length]);
        float[] deviations = Array.ConvertAll(variances, v => MathF.Sqrt(v + epsilon));
        return network
            .WithParameters(norm.Parameters.Select(name => network.Parameters[name]).Select(parameter => parameter with
            {
                Value = parameter.Role is ParameterRole.NormScale ? Tensor.From(deviations, [means.Length]) : mean,
            }))
            .WithBuffers(norm.Buffers.Where(name => network.Buffers[name].DType == DType.Float32).Select(name =>
                KeyValuePair.Create(name, name.EndsWith("running_mean", StringComparison.Ordinal) ? mean : variance)));
    }
}
