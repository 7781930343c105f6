using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Index (int64) of the largest or smallest element along an axis.</summary>
/// <param name="Axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
public sealed record ArgExtreme(int Axis) : Operator
{
    /// <summary>True for the smallest element (ONNX ArgMin); false (default) for the largest (ArgMax).</summary>
    public bool IsSmallest { get; init; }

    /// <summary>True (default) if the axis is kept with length 1; false: it is removed.</summary>
    public bool KeepAxis { get; init; } = true;

    /// <summary>True if the last of equal elements is chosen; false (default): the first.</summary>
    public bool TakesLast { get; init; }

    /// <inheritdoc/>
    public override string Kind => IsSmallest ? "ArgMin" : "ArgMax";

    /// <inheritdoc/>
    public override bool IsDifferentiable => false;

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        ReadOnlySpan<int> x = inputs[0].AsSpan();
        return x[axis] == 0
            ? throw new ShapeMismatchException(node, inputs[0], $"a shape with a nonempty axis {Axis}")
            : Shape.Create(KeepAxis ? [.. x[..axis], 1, .. x[(axis + 1)..]] : [.. x[..axis], .. x[(axis + 1)..]]);
    }

    internal static Func<OperatorAttributes, ArgExtreme> From(bool isSmallest) =>
        attributes => new ArgExtreme(attributes.Int("axis", 0))
    {
        IsSmallest = isSmallest,
        KeepAxis = attributes.Int("keepdims", 1) != 0,
        TakesLast = attributes.Int("select_last_index", 0) != 0,
    };

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        OperatorTypes.One(inputs, node, DType.Float32, DType.Int64, DType.Int32);
        return DType.Int64;
    }

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override Tensor Forward(in NodeContext context) =>
        IsSmallest ? context.X.ArgMin(Axis, KeepAxis, TakesLast) : context.X.ArgMax(Axis, KeepAxis, TakesLast);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("axis", Axis).With("keepdims", KeepAxis).With("select_last_index", TakesLast);
}

/// <summary>
/// The largest or smallest elements along an axis, sorted, or their indices (int64). ONNX TopK returns both; a node
/// returns one of them.
/// </summary>
/// <param name="Count">Number of elements, 0 to the length of the axis.</param>
/// <param name="Axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
public sealed record TopK(int Count, int Axis = -1) : Operator
{
    /// <summary>True for the smallest elements; false (default) for the largest.</summary>
    public bool IsSmallest { get; init; }

    /// <summary>True if the result contains indices; false (default): values.</summary>
    public bool GivesIndices { get; init; }

    /// <inheritdoc/>
    public override string Kind => "TopK";

    /// <inheritdoc/>
    public override bool IsDifferentiable => !GivesIndices;

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        return Count >= 0 && Count <= inputs[0][axis]
            ? inputs[0].With(axis, Count)
            : throw new ShapeMismatchException(node, inputs[0], $"a shape whose axis {Axis} has {Count} elements or "
                + "more");
    }

    internal static TopK From(OperatorAttributes attributes) => new(attributes.Int("k"), attributes.Int("axis", -1))
    {
        IsSmallest = attributes.Int("largest", 1) == 0,
        GivesIndices = attributes.Int("places", 0) != 0,
    };

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        DType values = OperatorTypes.One(inputs, node, OperatorTypes.Numbers);
        return GivesIndices ? DType.Int64 : values;
    }

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override Tensor Forward(in NodeContext context)
    {
        (Tensor values, Tensor indices) = context.X.TopK(Count, Axis, !IsSmallest);
        return GivesIndices ? indices : values;
    }

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("axis", Axis).With("k", Count).With("largest", !IsSmallest).With("places", GivesIndices);
}
