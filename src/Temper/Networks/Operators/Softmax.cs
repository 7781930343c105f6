using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Softmax along one axis: <c>exp(x) / Σ exp(x)</c>.</summary>
/// <param name="Axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
public sealed record Softmax(int Axis = -1) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Softmax";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        AxisAttributes.Check(inputs[0], Axis, node);
        return inputs[0];
    }

    internal static Softmax From(OperatorAttributes attributes) => new(attributes.Int("axis", -1));

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        trace.Keep(AxisAttributes.Check(trace.Output, Axis, Kind));

    internal override Tensor Forward(in NodeContext context) => context.X.Softmax(Axis);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("axis", Axis);
}

/// <summary>Logarithm of <see cref="Softmax"/>, computed without overflow.</summary>
/// <param name="Axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
public sealed record LogSoftmax(int Axis = -1) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "LogSoftmax";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        AxisAttributes.Check(inputs[0], Axis, node);
        return inputs[0];
    }

    internal static LogSoftmax From(OperatorAttributes attributes) => new(attributes.Int("axis", -1));

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        trace.Keep(AxisAttributes.Check(trace.Output, Axis, Kind));

    internal override Tensor Forward(in NodeContext context) => context.X.LogSoftmax(Axis);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("axis", Axis);
}

public sealed partial class Value
{
    /// <summary>Adds a softmax along an axis.</summary>
    /// <param name="axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
    /// <param name="name">Name of the node.</param>
    public Value Softmax(int axis = -1, string? name = null) => Apply(new Softmax(axis), name);

    /// <summary>Adds the logarithm of a softmax along an axis.</summary>
    /// <param name="axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
    /// <param name="name">Name of the node.</param>
    public Value LogSoftmax(int axis = -1, string? name = null) => Apply(new LogSoftmax(axis), name);
}
