using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Inference;

/// <summary>
/// Turns a network into layers: normalizations are folded into weights, chains of nodes become one layer, what depends on no input is
/// computed now, a flattened image goes into the fully connected layer behind it as it is.
/// </summary>
internal sealed class Lowering
{
    private readonly Network _network;
    private readonly NetworkGraph _graph;
    private readonly List<Layer> _layers = [];
    private readonly ValueInfo[] _values;
    private readonly Tensor?[] _constants;

    private Lowering(Network network)
    {
        _network = network.FoldNormalization();
        _graph = _network.Graph;
        _values = [.. _graph.Inputs.Select(input => input.Info), .. _graph.Nodes.Select(node => _graph.InfoOf(node.Name))];
        _constants = new Tensor?[_values.Length];
    }

    /// <param name="network">The network.</param>
    /// <param name="findsActiveChannels">See <see cref="LayerGraph.FindsActiveChannels"/>.</param>
    internal static LayerGraph Lower(Network network, bool findsActiveChannels)
    {
        // What is compiled outlives the scope or tape that may be open now.
        using (MemoryScope.Enter(null))
        {
            return new Lowering(network).Run(findsActiveChannels);
        }
    }

    private LayerGraph Run(bool findsActiveChannels)
    {
        foreach (PlanStep step in _graph.Plans.For(Pass.Evaluation).Steps)
        {
            if (step.Inputs.All(input => _constants[input] is not null))
            {
                _constants[step.Output] = Compute(step);
            }
            else
            {
                _layers.Add(LayerOf(step));
            }
        }

        return new LayerGraph
        {
            Network = _network,
            FindsActiveChannels = findsActiveChannels,
            Layers = FlattenFusion.Apply(LayerFusion.Apply(_layers, _values, _graph.OutputValues), _values, _graph.OutputValues),
            Values = _values,
            Constants = _constants.Index().Where(pair => pair.Item is not null).ToDictionary(pair => pair.Index, pair => pair.Item!),
            Outputs = _graph.OutputValues,
        };
    }

    private Tensor Compute(PlanStep step) =>
        step.Run(new StepContext(_network, Pass.Evaluation, _constants, new Tensor[step.Width]));

    private Layer LayerOf(PlanStep step)
    {
        bool isFloat = step.Inputs.Where(input => _constants[input] is null).Append(step.Output).All(value => _values[value].DType == DType.Float32);
        return (isFloat ? step is FusedStep fused ? Fused(fused) : Single((NodeStep)step) : null) ?? new OperatorLayer
        {
            Name = step.Name, Inputs = step.Inputs, Output = step.Output, Step = step,
            Operator = step is NodeStep node ? node.Node.Operator.Kind : "chain",
        };
    }

    private Layer? Fused(FusedStep step)
    {
        if (step.Head?.Operator is Conv2d convolution)
        {
            FoldedNorm? folded = step.Norm is null ? null : FoldedNorm.Of(step, _network);
            return ConvolutionOf(step, convolution, folded?.Weight ?? Parameter(step.HeadParameters, 0)!, folded?.Bias ?? Parameter(step.HeadParameters, 1))
                with { Relu = step.Relu };
        }

        return step.Head is not null
            ? LinearOf(step, Parameter(step.HeadParameters, 0)!, Parameter(step.HeadParameters, 1)) with { Relu = step.Relu }
            : BatchNormOf(step, (BatchNorm)step.Norm!.Operator, step.NormParameters, step.NormBuffers) with { Relu = step.Relu };
    }

    private Layer? Single(NodeStep step)
    {
        ValueInfo x = _values[step.Inputs[0]], y = _values[step.Output];
        bool isSameShape = step.Inputs.All(input => _values[input].Equals(y));
        return step.Node.Operator switch
        {
            Conv2d convolution => ConvolutionOf(step, convolution, Parameter(step.Parameters, 0)!, Parameter(step.Parameters, 1)),
            Networks.Linear => LinearOf(step, Parameter(step.Parameters, 0)!, Parameter(step.Parameters, 1)),
            Networks.Relu => new SumLayer { Name = step.Name, Inputs = step.Inputs, Output = step.Output, Relu = true },
            Networks.Add when isSameShape => new SumLayer { Name = step.Name, Inputs = step.Inputs, Output = step.Output },
            BatchNorm norm => BatchNormOf(step, norm, step.Parameters, step.Buffers),
            Gather gather => AffineLowering.OfGather(step, gather, _constants, _values),
            Normalize normalize => AffineLowering.OfNormalize(step, normalize, y.Shape),
            MaxPool2d pool => Pooling(step, pool.Options, isMaximum: true),
            AvgPool2d pool => Pooling(step, pool.Options, isMaximum: false),
            GlobalAvgPool2d => Adaptive(step, 1, 1),
            AdaptiveAvgPool2d pool => Adaptive(step, pool.Height, pool.Width),
            Flatten or Reshape when x.IsBatched == y.IsBatched => new ReshapeLayer { Name = step.Name, Inputs = step.Inputs, Output = step.Output },
            Pad { Axis: 1 or -3, Fill: 0, Mode: PadMode.Constant } pad when x.Shape.Rank == 4 =>
                new PadChannelsLayer { Name = step.Name, Inputs = step.Inputs, Output = step.Output, Before = pad.Before, After = pad.After },
            _ => AffineLowering.OfArithmetic(step, _constants, _values),
        };
    }

    private ConvolutionLayer ConvolutionOf(PlanStep step, Conv2d convolution, Tensor weight, Tensor? bias) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, Weight = weight, Bias = bias,
        Geometry = Conv2dShapes.Geometry(_values[step.Inputs[0]].Shape, weight.Shape, convolution.Options),
    };

    private LinearLayer LinearOf(PlanStep step, Tensor weight, Tensor? bias) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, Weight = weight, Bias = bias,
        Rows = _values[step.Inputs[0]].Shape.CountOf(0, _values[step.Inputs[0]].Shape.Rank - 1),
    };

    /// <summary>A normalization that stands alone.</summary>
    private ChannelAffineLayer BatchNormOf(PlanStep step, BatchNorm norm, IReadOnlyList<int> parameters, IReadOnlyList<int> buffers) => AffineLowering.OfBatchNorm(
        step,
        norm,
        [.. parameters.Select(place => _network.ParameterValues[place])],
        [.. buffers.Take(2).Select(place => _network.BufferValues[place])],
        _values[step.Inputs[0]].Shape);

    private PoolingLayer Pooling(NodeStep step, Pool2dOptions options, bool isMaximum) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsMaximum = isMaximum,
        Sizes = Pool2dOperation.Sliding(step.Name, Example(step), options),
    };

    private PoolingLayer Adaptive(NodeStep step, int height, int width) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsMaximum = false,
        Sizes = Pool2dOperation.Adaptive(step.Name, Example(step), height, width),
    };

    private Tensor Example(NodeStep step) => Tensor.Zeros(_values[step.Inputs[0]].Shape);

    private Tensor? Parameter(IReadOnlyList<int> places, int index) => places.Count > index ? _network.ParameterValues[places[index]] : null;
}
