using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Group normalization of <c>[N, C, ...]</c> (arXiv:1803.08494) with the parameters <c>weight</c> and <c>bias</c>
/// <c>[C]</c>.
/// </summary>
/// <param name="Groups">Number of channel groups, each normalized separately; a divisor of C.</param>
public sealed record GroupNorm(int Groups) : Operator
{
    /// <summary>Added to the variance for numerical stability. Default: 1e-5.</summary>
    public float Epsilon { get; init; } = 1e-5f;

    /// <inheritdoc/>
    public override string Kind => "GroupNormalization";

    internal override string DefaultName => "gn";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        inputs[0].Rank >= 2 && Groups > 0 && inputs[0][1] % Groups == 0
        ? inputs[0]
        : throw new ShapeMismatchException(node, inputs[0], $"[N, C, ...] with C a multiple of {Groups} groups");

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.ScaleAndShift([inputs[0][1]]);

    internal static GroupNorm From(OperatorAttributes attributes) => new(attributes.Positive("num_groups"))
    {
        Epsilon = attributes.Float("epsilon", 1e-5f),
    };

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(1);

    internal override Tensor Forward(in NodeContext context) =>
        context.X.GroupNorm(Groups, context.Parameters[0], context.Parameters[1], Epsilon);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("num_groups", Groups).With("epsilon", Epsilon);
}

public sealed partial class Value
{
    /// <summary>Adds group normalization.</summary>
    /// <param name="groups">Number of channel groups; a divisor of the number of channels.</param>
    /// <param name="name">Name of the node; null: <c>gn1</c>, <c>gn2</c>, ...</param>
    /// <returns>A value of the same shape.</returns>
    public Value GroupNorm(int groups, string? name = null) => Apply(new GroupNorm(groups), name);
}
