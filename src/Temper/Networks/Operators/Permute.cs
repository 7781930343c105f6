using Temper.Tensors;

namespace Temper.Networks;

/// <summary>The axes in another order; the batch of a batched value stays first.</summary>
/// <param name="Axes">For each axis of the result the axis of the input.</param>
public sealed record Permute(IReadOnlyList<int> Axes) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Transpose";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        bool fits = Axes.Count == x.Rank && Axes.Order().SequenceEqual(Enumerable.Range(0, x.Rank));
        return fits
            ? Shape.Create([.. Axes.Select(axis => x[axis])])
            : throw new ShapeMismatchException(node, x, $"as many axes as the order [{string.Join(", ", Axes)}]");
    }

    internal static Permute From(OperatorAttributes attributes) => new(attributes.Ints("perm"));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => inputs[0];

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => Axes[0] == 0;

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        AxisChannels[] axes = trace.Keep();
        return [.. Axes.Select(axis => axes[axis])];
    }

    internal override Tensor Forward(in NodeContext context) => context.X.Permute([.. Axes]);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty.With("perm", Axes.ToArray());
}

public sealed partial class Value
{
    /// <summary>Puts the axes in another order.</summary>
    /// <param name="axes">
    /// For each axis of the result the axis of this value; begins with 0 where that is the batch.
    /// </param>
    /// <param name="name">Name of the node.</param>
    public Value Permute(IReadOnlyList<int> axes, string? name = null) => Apply(new Permute([.. axes]), name);
}
