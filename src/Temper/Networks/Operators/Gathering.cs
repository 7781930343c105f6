using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Inputs: data and indices; slices of the data along an axis, at the indices (ONNX Gather: an embedding, for one).
/// </summary>
/// <param name="Axis">The axis of the data; -1 is the last.</param>
/// <remarks>
/// The result has the axes of the data before the axis, those of the indices, those of the data behind it.
/// </remarks>
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
    /// Indices that are constants choose what the result has along the axis: each goes alone, though the data's axis is
    /// fixed.
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
/// Inputs: data and indices of the same rank; of each line along an axis the elements at the line's indices.
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
            : throw new ShapeMismatchException(node, inputs[0], inputs[1], $"all axes but {axis} must agree");
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
/// Inputs: x and, if wanted, a batched value; x repeated along axes of length 1, as broadcasting would do.
/// </summary>
/// <param name="Lengths">A shape that x broadcasts with; of a batched result the first of as many axes is 1.</param>
/// <remarks>
/// With a second input the result has as many samples as that one, each of them x: a class token that is put before the
/// tokens of every sample, for one. The second input's numbers do not matter.
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
            node, inputs[0], inputs[1], "the second gives the batch, which the first is repeated for");
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
