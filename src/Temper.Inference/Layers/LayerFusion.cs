using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// Fuses layers that one kernel can execute in a single pass. <see cref="ChannelAffineLayer"/>s are folded into the
/// weights of the preceding or following layer, additions and ReLU into the preceding layer, and winners-take-all into
/// the following layer or pooling.
/// </summary>
internal sealed class LayerFusion
{
    private readonly FusedLayers _layers;
    private readonly IReadOnlyList<ValueInfo> _values;

    private LayerFusion(IReadOnlyList<Layer> layers, IReadOnlyList<ValueInfo> values, IReadOnlyList<int> outputs) =>
        (_layers, _values) = (new FusedLayers(layers, values.Count, outputs), values);

    internal static IReadOnlyList<Layer> Apply(
        IReadOnlyList<Layer> layers, IReadOnlyList<ValueInfo> values, IReadOnlyList<int> outputs)
    {
        var fusion = new LayerFusion(layers, values, outputs);
        return fusion._layers.Fuse(fusion.JoinWithMakers);
    }

    private void JoinWithMakers(int index)
    {
        Layer layer = _layers[index]!;
        while (JoinedWithOne(layer) is { } joined)
        {
            layer = joined;
        }

        _layers[index] = layer;
    }

    private Layer? JoinedWithOne(Layer layer)
    {
        foreach (int input in layer.Inputs)
        {
            if (_layers.MakerOf(input) is not { } maker)
            {
                continue;
            }

            if (Join(_layers[maker]!, layer) is { } joined)
            {
                _layers[maker] = null;
                return joined;
            }

            if (layer is LinearLayer { Winners: null, WeightScale: null } linear
                && _layers[maker] is ReshapeLayer reshape && JoinThrough(reshape, maker, linear) is { } folded)
            {
                return folded;
            }
        }

        return null;
    }

    /// <summary>
    /// Returns two layers fused into one; null if no kernel supports that. Nothing is folded into 8-bit weights,
    /// because their scales would no longer match.
    /// </summary>
    private static Layer? Join(Layer first, Layer next) => (first, next) switch
    {
        (ChannelAffineLayer { Relu: false, Inputs.Count: 1 } a, ChannelAffineLayer b) when b.Inputs[0] == a.Output =>
            AffineFolding.Compose(a, b),
        (WinnersLayer a, ConvolutionLayer { WeightScale: null } b) => b.WithWinners(a),
        (WinnersLayer a, LinearLayer { WeightScale: null } b) => b.WithWinners(a),
        (WinnersLayer a, PoolingLayer b) => b.WithWinners(a),
        (ChannelAffineLayer { Relu: false, Inputs.Count: 1 } a, ConvolutionLayer { Winners: null, WeightScale: null } b)
            when b.Inputs[0] == a.Output => AffineFolding.IntoInputs(a, b),
        (ChannelAffineLayer { Relu: false, Inputs.Count: 1 } a, LinearLayer { Winners: null, WeightScale: null } b) =>
            AffineFolding.IntoInputs(a, b),
        (ConvolutionLayer { Relu: false, Inputs.Count: 1, WeightScale: null } a,
            ChannelAffineLayer { Order.Count: 0 } b)
            when b.Inputs[0] == a.Output => AffineFolding.IntoOutputs(a, b),
        (LinearLayer { Relu: false, WeightScale: null } a, ChannelAffineLayer { Inputs.Count: 1 } b) =>
            AffineFolding.IntoOutputs(a, b),
        (_, SumLayer { Inputs.Count: 2 } b) => first.WithAddition(b.Inputs[b.Inputs[0] == first.Output ? 1 : 0], b),
        (_, SumLayer b) => first.WithRelu(b.Output),
        _ => null,
    };

    /// <summary>
    /// Folds a map that precedes a reshape into the linear layer that follows the reshape. The reshape stays and reads
    /// the map's input.
    /// </summary>
    private LinearLayer? JoinThrough(ReshapeLayer reshape, int index, LinearLayer linear)
    {
        int input = reshape.Inputs[0];
        if (_layers.MakerOf(input) is not { } maker
            || _layers[maker] is not ChannelAffineLayer { Relu: false, Inputs.Count: 1, Order.Count: 0 } affine)
        {
            return null;
        }

        if (AffineFolding.IntoInputs(affine, linear, _values[input].Shape) is not { } folded)
        {
            return null;
        }

        _layers[maker] = null;
        _layers[index] = reshape with { Inputs = affine.Inputs };
        return folded;
    }
}
