using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Concatenates values along one axis.</summary>
/// <param name="Axis">The axis; -1 is the last. Must not be the batch axis of batched values.</param>
public sealed record Concatenate(int Axis = 1) : Operator
{
    private const int MaxInputs = 4096;

    /// <inheritdoc/>
    public override string Kind => "Concat";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (1, MaxInputs);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape first = inputs[0];
        int axis = AxisAttributes.Check(first, Axis, node);
        int length = 0;
        foreach (Shape input in inputs)
        {
            if (input.Rank != first.Rank || !input.With(axis, first[axis]).Equals(first))
            {
                throw new ShapeMismatchException(node, first, input, $"all axes except {axis} must be equal");
            }

            length = checked(length + input[axis]);
        }

        return first.With(axis, length);
    }

    internal static Concatenate From(OperatorAttributes attributes) => new(attributes.Int("axis", 1));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) =>
        OperatorTypes.One(inputs, node, OperatorTypes.Any);

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis) && inputs.All(input => input.IsBatched);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        int along = AxisAttributes.Check(trace.Output, Axis, Kind);
        AxisChannels[] axes = trace.Keep();
        for (int i = 1; i < trace.Shapes.Length; i++)
        {
            for (int axis = 0; axis < axes.Length; axis++)
            {
                axes[axis] = axis == along ? axes[axis] : trace.Tie(axes[axis], trace.Input(i)[axis]);
            }
        }

        axes[along] = trace.Concatenate([.. trace.Shapes.Select((shape, i) => (trace.Input(i)[along], shape[along]))]);
        return axes;
    }

    internal override Tensor Forward(in NodeContext context) => Tensor.Concatenate(context.Inputs.ToArray(), Axis);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("axis", Axis);
}

public sealed partial class Value
{
    /// <summary>Adds a concatenation of this value and others.</summary>
    /// <param name="others">Values to append, in order.</param>
    /// <param name="axis">The axis; must not be the batch axis.</param>
    /// <param name="name">Name of the node.</param>
    public Value Concatenate(ReadOnlySpan<Value> others, int axis = 1, string? name = null) =>
        Apply(new Concatenate(axis), name, others);
}
