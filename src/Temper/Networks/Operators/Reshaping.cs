using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Flattens all axes after the batch axis into one: <c>[N, D]</c>.</summary>
public sealed record Flatten : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Flatten";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        inputs[0].Rank > 0
            ? [inputs[0][0], inputs[0].CountOf(1, inputs[0].Rank)]
            : throw new ShapeMismatchException(node, inputs[0], "[N, ...]");

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => inputs[0];

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        AxisChannels[] axes = trace.Keep();
        return [axes[0], trace.Merge(axes.AsSpan(1), trace.Shapes[0].AsSpan()[1..])];
    }

    internal override Tensor Forward(in NodeContext context) => context.X.Flatten();

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("axis", 1);
}

/// <summary>Reshapes each sample; the elements and their order do not change.</summary>
/// <param name="SampleShape">
/// Lengths after axis 0, which is the batch and does not change. One length may be -1: inferred from the others.
/// </param>
public sealed record Reshape(IReadOnlyList<int> SampleShape) : Operator
{
    /// <summary>
    /// True (default) if axis 0 is kept and <see cref="SampleShape"/> follows it; false if <see cref="SampleShape"/> is
    /// the shape of the whole result.
    /// </summary>
    public bool KeepsAxis0 { get; init; } = true;

    /// <inheritdoc/>
    public override string Kind => "Reshape";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        if (KeepsAxis0 && inputs[0].Rank == 0)
        {
            throw new ShapeMismatchException(node, inputs[0], "a shape with one axis or more");
        }

        int count = inputs[0].CountOf(KeepsAxis0 ? 1 : 0, inputs[0].Rank);
        long known =
            SampleShape.Where(length => length >= 0).Aggregate(1L, (product, length) => checked(product * length));
        int open = SampleShape.Count(length => length < 0);
        bool fits = open switch { 0 => known == count, 1 => known > 0 && count % known == 0, _ => false };
        return fits
            ? Shape.Create([.. inputs[0].AsSpan()[..(KeepsAxis0 ? 1 : 0)], .. SampleShape.Select(length =>
                length < 0 ? (int)(count / known) : length)])
            : throw new ShapeMismatchException(node, inputs[0], $"as many elements{(KeepsAxis0 ? " per sample" : "")} "
                + $"as [{string.Join(", ", SampleShape)}]");
    }

    internal static Reshape From(OperatorAttributes attributes) =>
        new(attributes.Ints("shape")) { KeepsAxis0 = attributes.Int("keeps_axis_0", 1) != 0 };

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => inputs[0];

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => KeepsAxis0;

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => ReshapeChannels.Trace(trace);

    internal override Operator WithChannels(ChannelChange change)
    {
        int first = KeepsAxis0 ? 1 : 0;
        return this with { SampleShape = [.. SampleShape.Select((length, i) =>
            length < 0 ? length : change.Output[first + i])] };
    }

    internal override Tensor Forward(in NodeContext context) =>
        context.X.Reshape(InferShape([context.X.Shape], context.Node.Name));

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("shape", SampleShape.ToArray()).With("keeps_axis_0", KeepsAxis0);
}

public sealed partial class Value
{
    /// <summary>Flattens all axes after the batch axis into one.</summary>
    /// <param name="name">Name of the node.</param>
    /// <returns><c>[N, D]</c>.</returns>
    public Value Flatten(string? name = null) => Apply(new Flatten(), name);

    /// <summary>Reshapes each sample.</summary>
    /// <param name="sampleShape">Lengths after the batch axis. One length may be -1: inferred from the others.</param>
    /// <param name="name">Name of the node.</param>
    public Value Reshape(IReadOnlyList<int> sampleShape, string? name = null) =>
        Apply(new Reshape([.. sampleShape]), name);
}
