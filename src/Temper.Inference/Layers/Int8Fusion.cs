using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Finds layers that can run on bytes: 8-bit weights whose input was rounded to a grid of bytes. The rounding, addition
/// and ReLU that follow such a layer are fused into it.
/// </summary>
internal sealed class Int8Fusion
{
    private readonly FusedLayers _layers;
    private readonly Dictionary<int, ByteGrid> _grids;

    private Int8Fusion(IReadOnlyList<Layer> layers, IReadOnlyList<ValueInfo> values, IReadOnlyList<int> outputs)
    {
        _grids = layers.OfType<FakeQuantizeLayer>()
            .Where(layer => layer.Grid is not null && values[layer.Output].Shape.Rank is 2 or 4)
            .ToDictionary(layer => layer.Output, layer => layer.Grid!.Value);
        _layers = new FusedLayers(
            [.. layers.Select(layer => Int8Lowering.Of(layer, values, _grids) ?? layer)], values.Count, outputs);
    }

    /// <summary>Returns the layers after fusion.</summary>
    /// <param name="layers">Layers in topological order.</param>
    /// <param name="values">Shape, dtype and batch axis of each value.</param>
    /// <param name="outputs">Indices of the output values.</param>
    /// <param name="grids">Receives the quantization grid of each value that can be read as bytes.</param>
    internal static IReadOnlyList<Layer> Apply(
        IReadOnlyList<Layer> layers, IReadOnlyList<ValueInfo> values, IReadOnlyList<int> outputs,
        out IReadOnlyDictionary<int, ByteGrid> grids)
    {
        var fusion = new Int8Fusion(layers, values, outputs);
        grids = fusion._grids;
        return fusion._layers.Fuse(fusion.JoinWithMakers);
    }

    private void JoinWithMakers(int index)
    {
        PoolBytes(index);
        foreach (int input in _layers[index]!.Inputs)
        {
            if (_layers.MakerOf(input) is { } made
                && _layers[made] is Int8ConvolutionLayer maker && Joined(maker, _layers[index]!) is { } joined)
            {
                _layers[made] = null;
                _layers[index] = joined;
                break;
            }
        }
    }

    /// <summary>
    /// Moves rounding from after max pooling to before it: the layer before the pooling rounds, and bytes are pooled.
    /// The result is the same, because rounding never changes the order of two numbers.
    /// </summary>
    private void PoolBytes(int index)
    {
        if (_layers[index] is FakeQuantizeLayer quantize && _grids.TryGetValue(quantize.Output, out ByteGrid grid)
            && _layers.MakerOf(quantize.Inputs[0]) is { } middle
            && _layers[middle] is PoolingLayer { IsMaximum: true, Winners: null } pooling
            && _layers.MakerOf(pooling.Inputs[0]) is { } first
            && _layers[first] is Int8ConvolutionLayer { Result: null } maker)
        {
            _grids[maker.Output] = grid;
            _layers[first] = maker with { Result = grid };
            _layers[middle] = null;
            _layers[index] = new BytePoolingLayer
            {
                Name = pooling.Name, Inputs = pooling.Inputs, Output = quantize.Output, Sizes = pooling.Sizes,
            };
        }
    }

    private Int8ConvolutionLayer? Joined(Int8ConvolutionLayer first, Layer next)
    {
        switch (next)
        {
            case FakeQuantizeLayer quantize when first.Result is null
                && _grids.TryGetValue(quantize.Output, out ByteGrid grid):
                return first with { Output = quantize.Output, Result = grid };
            case SumLayer { Inputs.Count: 1 } relu when first.Result is null:
                return first with { Output = relu.Output, Relu = true };
            case SumLayer { Inputs.Count: 2 } sum when first is { Inputs.Count: 1, Relu: false, IsLinear: false }:
                int other = sum.Inputs[sum.Inputs[0] == first.Output ? 1 : 0];
                return _grids.ContainsKey(other) && other != first.Output
                    ? first with
                    {
                        Inputs = [first.Inputs[0], other], Output = sum.Output, Relu = sum.Relu, Inner = first.Result,
                        Result = null,
                    }
                    : null;
            default:
                return null;
        }
    }
}

/// <summary>Creates layers with 8-bit weights.</summary>
internal static class Int8Lowering
{
    /// <summary>
    /// Returns a node's weight, rounded as it is multiplied, and its scales if it is an 8-bit weight.
    /// </summary>
    internal static (Tensor Weight, Tensor? Scale) WeightOf(NodeStep step, LoweringContext context)
    {
        Tensor weight = context.Parameter(step.Parameters, 0)!;
        if (step.Node.Operator is not (Conv2d { HasInt8Weight: true } or Linear { HasInt8Weight: true }))
        {
            return (weight, null);
        }

        Tensor scale = context.Network.BufferValues[step.Buffers[0]];
        return (Int8Weight.Rounded(weight, scale), scale);
    }

    /// <summary>
    /// Returns the layer on bytes. Null if an input is not bytes or the kernel does not support the sizes.
    /// </summary>
    internal static Int8ConvolutionLayer? Of(
        Layer layer, IReadOnlyList<ValueInfo> values, IReadOnlyDictionary<int, ByteGrid> grids)
    {
        if (!layer.Inputs.All(grids.ContainsKey))
        {
            return null;
        }

        return layer switch
        {
            ConvolutionLayer { WeightScale: { } scale } convolution when Int8Convolution.Fits(convolution.Geometry) =>
                new Int8ConvolutionLayer
            {
                Name = layer.Name, Inputs = layer.Inputs, Output = layer.Output, Geometry = convolution.Geometry,
                Weight = convolution.Weight,
                WeightScale = scale, Bias = convolution.Bias, Relu = convolution.Relu,
            },
            LinearLayer { WeightScale: { } scale } linear when values[layer.Output].Shape.Rank == 2 =>
                Linear(linear, scale),
            _ => null,
        };
    }

    private static Int8ConvolutionLayer? Linear(LinearLayer linear, Tensor scale)
    {
        ConvolutionGeometry geometry = Conv2dShapes.Geometry(
            [linear.Rows, linear.Features, 1, 1], [linear.Outputs, linear.Features, 1, 1], new Conv2dOptions());
        return !Int8Convolution.Fits(geometry) ? null : new Int8ConvolutionLayer
        {
            Name = linear.Name, Inputs = linear.Inputs, Output = linear.Output, Geometry = geometry,
            Weight = linear.Weight, WeightScale = scale,
            Bias = linear.Bias, Relu = linear.Relu, IsLinear = true,
        };
    }
}
