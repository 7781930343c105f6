using Temper.Tensors;

namespace Temper.Networks;

/// <summary>A constant: a parameter <c>value</c> if float32, a buffer <c>value</c> for any other dtype.</summary>
/// <param name="Shape">Shape of the constant; it has no batch axis.</param>
/// <param name="DType">Dtype of the constant.</param>
public sealed record ConstantValue(Shape Shape, DType DType = DType.Float32) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Constant";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (0, 0);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => Shape;

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) => DType == DType.Float32
        ? [new ParameterSpec("value", Shape, ParameterRole.Other, new Constant(0), new Fan(Shape, 1, 1))]
        : [];

    /// <inheritdoc/>
    public override IReadOnlyList<BufferSpec> BufferSpecs(IReadOnlyList<Shape> inputs) =>
        DType == DType.Float32 ? [] : [new BufferSpec("value", Shape, DType, Start: 0)];

    internal static ConstantValue From(OperatorAttributes attributes) => new(
        Shape.Create(attributes.Ints("shape", [])),
        Enum.TryParse(attributes.Text("dtype") ?? "float32", ignoreCase: true, out DType type) && Enum.IsDefined(type)
            ? type
            : throw new FormatException($"attribute 'dtype' has an unknown value (got \"{attributes.Text("dtype")}\", "
                + $"expected one of {string.Join(", ", OperatorTypes.Any)})"));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => DType;

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        var axes = new AxisChannels[Shape.Rank];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            axes[axis] = Shape[axis] == 1 ? AxisChannels.Neutral : trace.Make(Shape[axis]);
            if (DType == DType.Float32)
            {
                trace.Parameter(0, axis, axes[axis]);
            }
            else
            {
                trace.Buffer(0, axis, axes[axis]);
            }
        }

        return axes;
    }

    internal override Operator WithChannels(ChannelChange change) => this with { Shape = change.Output };

    internal override Tensor Forward(in NodeContext context) =>
        DType == DType.Float32 ? context.Parameters[0] : context.Buffers[0];

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("shape", Shape.AsSpan().ToArray()).With("dtype", DType.ToString().ToLowerInvariant());
}

/// <summary>
/// Converts values to another dtype; fractions are truncated toward zero. No gradient flows through the conversion.
/// </summary>
/// <param name="DType">The new dtype.</param>
public sealed record Cast(DType DType) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => "Cast";

    /// <inheritdoc/>
    public override bool IsDifferentiable => false;

    internal static Cast From(OperatorAttributes attributes) =>
        Enum.TryParse(attributes.Text("to"), ignoreCase: true, out DType type) && Enum.IsDefined(type)
            ? new Cast(type)
            : throw new FormatException($"attribute 'to' has an unknown value (got \"{attributes.Text("to")}\", "
                + $"expected one of {string.Join(", ", OperatorTypes.Any)})");

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => DType;

    internal override Tensor Forward(in NodeContext context) => context.X.To(DType);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("to", DType.ToString().ToLowerInvariant());
}
