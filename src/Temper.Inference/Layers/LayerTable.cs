using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// Which operators have kernels of their own: one row for each. All others run as <see cref="OperatorLayer"/>s.
/// </summary>
/// <remarks>
/// A kind of layer is one file in <c>Kinds/</c>: what is computed, how a node becomes it, the kernels that can do it,
/// their steps. docs/how-to-add-an-operator-with-a-kernel.md shows it.
/// </remarks>
internal static class LayerTable
{
    private static readonly Dictionary<Type, Row> Rows = new()
    {
        [typeof(Conv2d)] = new(ConvolutionLayer.Of, ConvolutionLayer.Of),
        [typeof(Linear)] = new(LinearLayer.Of, LinearLayer.Of),
        [typeof(BatchNorm)] = new(AffineLowering.OfBatchNorm, AffineLowering.OfBatchNorm),
        [typeof(Normalize)] = new(AffineLowering.OfNormalize),
        [typeof(FakeQuantize)] = new(FakeQuantizeLayer.Of),
        [typeof(Gather)] = new(AffineLowering.OfGather),
        [typeof(Add)] =
            new((step, context) => SumLayer.OfAdd(step, context) ?? (Layer?)AffineLowering.OfArithmetic(step, context)),
        [typeof(Subtract)] = new(AffineLowering.OfArithmetic),
        [typeof(Multiply)] = new(AffineLowering.OfArithmetic),
        [typeof(Divide)] = new(AffineLowering.OfArithmetic),
        [typeof(Relu)] = new((step, _) => SumLayer.OfRelu(step)),
        [typeof(MaxPool2d)] = new((step, context) =>
            PoolingLayer.Of(step, context, ((MaxPool2d)step.Node.Operator).Options, isMaximum: true)),
        [typeof(AvgPool2d)] = new((step, context) =>
            PoolingLayer.Of(step, context, ((AvgPool2d)step.Node.Operator).Options, isMaximum: false)),
        [typeof(GlobalAvgPool2d)] = new((step, context) => PoolingLayer.Adaptive(step, context, 1, 1)),
        [typeof(AdaptiveAvgPool2d)] = new((step, context) =>
            PoolingLayer.Adaptive(
                step, context, ((AdaptiveAvgPool2d)step.Node.Operator).Height,
                ((AdaptiveAvgPool2d)step.Node.Operator).Width)),
        [typeof(Flatten)] = new(ReshapeLayer.Of),
        [typeof(Reshape)] = new(ReshapeLayer.Of),
        [typeof(Pad)] = new(PadChannelsLayer.Of),
        [typeof(Winners)] = new(WinnersLayer.Of),
    };

    /// <summary>Operators that have a row.</summary>
    internal static IEnumerable<Type> Operators => Rows.Keys;

    /// <summary>The layer that a step of the network becomes.</summary>
    internal static Layer LayerOf(PlanStep step, LoweringContext context)
    {
        bool isFloat = step.Inputs.Where(input => context.Constants[input] is null).Append(step.Output)
            .All(value => context.Values[value].DType == Tensors.DType.Float32);
        return (isFloat ? Special(step, context) : null) ?? OperatorLayer.Of(step);
    }

    private static Layer? Special(PlanStep step, LoweringContext context) => step is FusedStep fused
        ? Rows[(fused.Head ?? fused.Norm!).Operator.GetType()].Chain!(fused, context)
        : Rows.GetValueOrDefault(((NodeStep)step).Node.Operator.GetType())?.Node((NodeStep)step, context);

    /// <summary>How an operator becomes a layer.</summary>
    /// <param name="Node">
    /// From a node by itself; null where it does not fit, as for attributes that no kernel knows.
    /// </param>
    /// <param name="Chain">From a chain that the network's plan has made and that begins with the operator.</param>
    private sealed record Row(
        Func<NodeStep, LoweringContext, Layer?> Node, Func<FusedStep, LoweringContext, Layer>? Chain = null);
}
