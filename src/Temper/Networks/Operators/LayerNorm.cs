using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Layer normalization over the last axes (arXiv:1607.06450), with parameters <c>weight</c> and <c>bias</c> in the
/// shape of these axes.
/// </summary>
/// <param name="Axes">Number of axes to normalize over, counted from the last.</param>
public sealed record LayerNorm(int Axes = 1) : Operator
{
    /// <summary>Added to the variance for numerical stability. Default: 1e-5.</summary>
    public float Epsilon { get; init; } = 1e-5f;

    /// <inheritdoc/>
    public override string Kind => "LayerNormalization";

    internal override string DefaultName => "ln";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => inputs[0].Rank >= Axes
        ? inputs[0]
        : throw new ShapeMismatchException(node, inputs[0], $"a shape with {Axes} axes or more");

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.ScaleAndShift(Shape.Create(inputs[0].AsSpan()[^Axes..]));

    internal static LayerNorm From(OperatorAttributes attributes) => new(attributes.Positive("axes", 1))
    {
        Epsilon = attributes.Float("epsilon", 1e-5f),
    };

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.Rank > Axes;

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        trace.Keep([.. Enumerable.Range(trace.Output.Rank - Axes, Axes)]);

    /// <summary>The tensor operation normalizes only the last axis, so several axes are flattened into one.</summary>
    internal override Tensor Forward(in NodeContext context)
    {
        (Tensor x, Tensor scale, Tensor shift) = (context.X, context.Parameters[0], context.Parameters[1]);
        if (Axes == 1)
        {
            return x.LayerNorm(scale, shift, Epsilon);
        }

        Shape rows = Shape.Create([.. x.Shape.AsSpan()[..^Axes], scale.Count]);
        return x.Reshape(rows).LayerNorm(scale.Flatten(0), shift.Flatten(0), Epsilon).Reshape(x.Shape);
    }

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("axes", Axes).With("axis", -Axes).With("epsilon", Epsilon);
}

public sealed partial class Value
{
    /// <summary>Adds layer normalization over the last axes.</summary>
    /// <param name="axes">Number of axes to normalize over, counted from the last.</param>
    /// <param name="name">Name of the node; null: <c>ln1</c>, <c>ln2</c>, ...</param>
    /// <returns>A value of the same shape.</returns>
    public Value LayerNorm(int axes = 1, string? name = null) => Apply(new LayerNorm(axes), name);
}
