using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Batch normalization over axis 1 of <c>[N, C, ...]</c> (arXiv:1502.03167), with the parameters <c>weight</c> and
/// <c>bias</c> and the buffers <c>running_mean</c>, <c>running_var</c> and <c>num_batches_tracked</c>.
/// </summary>
public sealed record BatchNorm : Operator
{
    /// <summary>Name of the buffer that counts batches, as in PyTorch.</summary>
    internal const string Counter = "num_batches_tracked";

    /// <summary>Added to the variance for numerical stability. Default: 1e-5.</summary>
    public float Epsilon { get; init; } = 1e-5f;

    /// <summary>
    /// Weight of the new batch in running statistics, 0 to 1, as in PyTorch (ONNX uses 1 minus this value). Default:
    /// 0.1.
    /// </summary>
    public float Momentum { get; init; } = 0.1f;

    /// <inheritdoc/>
    public override string Kind => "BatchNormalization";

    internal override string DefaultName => "bn";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => inputs[0].Rank >= 2
        ? inputs[0]
        : throw new ShapeMismatchException(node, inputs[0], "[N, C, ...]");

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.ScaleAndShift([inputs[0][1]]);

    /// <inheritdoc/>
    public override IReadOnlyList<BufferSpec> BufferSpecs(IReadOnlyList<Shape> inputs) =>
    [
        new BufferSpec("running_mean", [inputs[0][1]], DType.Float32, 0),
        new BufferSpec("running_var", [inputs[0][1]], DType.Float32, 1),
        new BufferSpec(Counter, Shape.Scalar, DType.Int64, 0),
    ];

    internal static BatchNorm From(OperatorAttributes attributes) => new()
    {
        Epsilon = attributes.Float("epsilon", 1e-5f),
        Momentum = (float)(1 - attributes.Double("momentum", 0.9)),
    };

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        AxisChannels[] axes = trace.Keep();
        for (int i = 0; i < 2; i++)
        {
            trace.Parameter(i, 0, axes[1]);
            trace.Buffer(i, 0, axes[1]);
        }

        return axes;
    }

    internal override Tensor Forward(in NodeContext context)
    {
        (Tensor scale, Tensor shift) = (context.Parameters[0], context.Parameters[1]);
        if (!context.Pass.IsTraining)
        {
            return context.X.BatchNorm(scale, shift, context.Buffers[0], context.Buffers[1], Epsilon);
        }

        Tensor y = context.X.BatchNormTraining(
            scale, shift, Epsilon, default, known: null, context.Pass.Reducer, out BatchStatistics statistics);
        context.Pass.Add(context.Node, statistics);
        return y;
    }

    /// <summary>
    /// ONNX defines momentum as the weight of the old value, 1 - <see cref="Momentum"/>. The value is written as a
    /// double, rounded if that is exact, so that a network saved and loaded again trains to the same bytes.
    /// </summary>
    private protected override OperatorAttributes Attributes()
    {
        double exact = 1 - (double)Momentum, brief = Math.Round(exact, 7);
        return OperatorAttributes.Empty.With("epsilon", Epsilon)
            .With("momentum", (float)(1 - brief) == Momentum ? brief : exact);
    }
}

public sealed partial class Value
{
    /// <summary>Adds batch normalization over axis 1.</summary>
    /// <param name="name">Name of the node; null: <c>bn1</c>, <c>bn2</c>, ...</param>
    /// <returns>A value of the same shape.</returns>
    public Value BatchNorm(string? name = null) => Apply(new BatchNorm(), name);
}
