using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// Table of the operators with dedicated kernels, one row per operator. All others run as <see cref="OperatorLayer"/>s.
/// </summary>
/// <remarks>
/// Each kind of layer is one file in <c>Kinds/</c> that contains the layer, its lowering from a node, its candidate
/// kernels and their steps. See docs/how-to-add-an-operator-with-a-kernel.md.
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

    /// <summary>Operators that have a row in the table.</summary>
    internal static IEnumerable<Type> Operators => Rows.Keys;

    /// <summary>Returns the layer for a step of the network's plan.</summary>
    internal static Layer LayerOf(PlanStep step, LoweringContext context)
    {
        bool isFloat = step.Inputs.Where(input => context.Constants[input] is null).Append(step.Output)
            .All(value => context.Values[value].DType == Tensors.DType.Float32);
        return (isFloat ? Special(step, context) : null) ?? OperatorLayer.Of(step);
    }

    private static Layer? Special(PlanStep step, LoweringContext context) => step is FusedStep fused
        ? Rows[(fused.Head ?? fused.Norm!).Operator.GetType()].Chain!(fused, context)
        : Rows.GetValueOrDefault(((NodeStep)step).Node.Operator.GetType())?.Node((NodeStep)step, context);

    /// <summary>How an operator is converted to a layer.</summary>
    /// <param name="Node">
    /// Creates the layer for a single node; returns null if no kernel supports its attributes.
    /// </param>
    /// <param name="Chain">
    /// Creates the layer for a chain of nodes that the network's plan has fused and that begins with this operator.
    /// </param>
    private sealed record Row(
        Func<NodeStep, LoweringContext, Layer?> Node, Func<FusedStep, LoweringContext, Layer>? Chain = null);
}
