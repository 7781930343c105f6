using Temper.Tensors;

namespace Temper.Networks;

/// <summary>The index of the largest or smallest value along an axis, int64.</summary>
/// <param name="Axis">The axis, of a batched value not the batch; -1 is the last.</param>
public sealed record ArgExtreme(int Axis) : Operator
{
    /// <summary>Whether the smallest is looked for (ONNX ArgMin), not the largest (ArgMax).</summary>
    public bool IsSmallest { get; init; }

    /// <summary>Whether the axis stays with length 1.</summary>
    public bool KeepAxis { get; init; } = true;

    /// <summary>Whether the last of equal ones is taken, not the first.</summary>
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
            ? throw new ShapeMismatchException(node, inputs[0], $"an axis {Axis} with elements")
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
/// The largest or smallest values along an axis, in order, or their indices (int64): ONNX gives both, a node one of
/// them.
/// </summary>
/// <param name="Count">How many, at most the axis's length.</param>
/// <param name="Axis">The axis, of a batched value not the batch; -1 is the last.</param>
public sealed record TopK(int Count, int Axis = -1) : Operator
{
    /// <summary>Whether the smallest are looked for.</summary>
    public bool IsSmallest { get; init; }

    /// <summary>Whether the indices are given, not the values.</summary>
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
            : throw new ShapeMismatchException(node, inputs[0], $"an axis {Axis} with {Count} elements or more");
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
