using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// ONNX Gather. Inputs: data and indices. Selects slices of the data along an axis, for example the rows of an
/// embedding.
/// </summary>
/// <param name="Axis">Axis of the data to select from; -1 is the last.</param>
/// <remarks>In the shape of the result, the axis is replaced by the axes of the indices.</remarks>
public sealed record Gather(int Axis = 0) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Gather";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (2, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        ReadOnlySpan<int> data = inputs[0].AsSpan();
        return Shape.Create([.. data[..axis], .. inputs[1].AsSpan(), .. data[(axis + 1)..]]);
    }

    internal static Gather From(OperatorAttributes attributes) => new(attributes.Int("axis", 0));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        OperatorTypes.CheckIndices(inputs[1], node);
        return inputs[0];
    }

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => inputs[0].IsBatched
        ? inputs[0].Shape.IsBehindBatch(Axis) && !inputs[1].IsBatched
        : !inputs[0].Shape.IsBehindBatch(Axis);

    /// <summary>
    /// With constant indices, each selected slice can be removed on its own, even if the data's axis is fixed.
    /// </summary>
    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        int axis = AxisAttributes.Check(trace.Shapes[0], Axis, Kind);
        AxisChannels[] indices = trace.Input(1);
        if (indices.Length != 1
            || indices[0].Units is null || trace.Input(0)[axis].Units is not null || trace.Input(0)[axis].IsNeutral)
        {
            return trace.Opaque();
        }

        AxisChannels[] axes = trace.Keep();
        axes[axis] = indices[0];
        return axes;
    }

    internal override Tensor Forward(in NodeContext context)
    {
        (Tensor data, Tensor indices) = (context.Inputs[0], context.Inputs[1]);
        return data.IndexSelect(Axis, indices.Flatten(0))
            .Reshape(InferShape([data.Shape, indices.Shape], context.Node.Name));
    }

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("axis", Axis);
}

/// <summary>
/// ONNX GatherElements. Inputs: data and indices of the same rank. Selects elements along an axis by their index.
/// </summary>
/// <param name="Axis">The axis; -1 is the last.</param>
public sealed record GatherElements(int Axis = 0) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "GatherElements";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (2, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        return inputs[1].Rank == inputs[0].Rank && inputs[1].With(axis, inputs[0][axis]).Equals(inputs[0])
            ? inputs[1]
            : throw new ShapeMismatchException(node, inputs[0], inputs[1], $"all axes except {axis} must be equal");
    }

    internal static GatherElements From(OperatorAttributes attributes) => new(attributes.Int("axis", 0));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        OperatorTypes.CheckIndices(inputs[1], node);
        return inputs[0];
    }

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis) && inputs[0].IsBatched && inputs[1].IsBatched;

    internal override Tensor Forward(in NodeContext context) => context.Inputs[0].Gather(Axis, context.Inputs[1]);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("axis", Axis);
}

/// <summary>
/// Repeats x along axes of length 1, as broadcasting does. Inputs: x and, optionally, a batched value that sets the
/// batch size.
/// </summary>
/// <param name="Lengths">
/// Shape to broadcast x with. If the result is batched and has this rank, the first length must be 1.
/// </param>
/// <remarks>
/// With a second input, x is repeated for each of its samples, for example a class token in front of every sample's
/// tokens. Only the batch size of the second input is used, not its values.
/// </remarks>
public sealed record Expand(IReadOnlyList<int> Lengths) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Expand";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (1, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape shape = Shape.Broadcast(inputs[0], Shape.Create([.. Lengths]), node);
        if (inputs.Count == 1)
        {
            return shape;
        }

        bool fits = shape.Rank == Lengths.Count
            && shape.Rank > 0
            && Lengths[0] == 1
            && inputs[1].Rank > 0
            && (shape[0] == 1 || shape[0] == inputs[1][0]);
        return fits ? shape.With(0, inputs[1][0]) : throw new ShapeMismatchException(
            node, inputs[0], inputs[1], "the first is repeated to the batch size of the second, so its axis 0 must be "
                + "1 or that size");
    }

    internal static Expand From(OperatorAttributes attributes) => new(attributes.Ints("shape"));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => inputs[0];

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => inputs.Count > 1
        ? inputs[1].IsBatched && AxisAttributes.BroadcastKeepsSamplesApart([inputs[0]], output)
        : Lengths.Count < inputs[0].Shape.Rank || (Lengths.Count == inputs[0].Shape.Rank && Lengths[0] == 1);

    internal override Tensor Forward(in NodeContext context)
    {
        Shape[] shapes = context.Inputs.Length > 1 ? [context.X.Shape, context.Inputs[1].Shape] : [context.X.Shape];
        return context.X.Expand(InferShape(shapes, context.Node.Name));
    }

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("shape", Lengths.ToArray());
}
