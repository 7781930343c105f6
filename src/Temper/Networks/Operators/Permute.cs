using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Reorders the axes. The batch axis of a batched value must stay first.</summary>
/// <param name="Axes">For each axis of the result, the axis of the input.</param>
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
            : throw new ShapeMismatchException(node, x, $"a shape with one axis for each entry of the order "
                + $"[{string.Join(", ", Axes)}]");
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
    /// <summary>Reorders the axes.</summary>
    /// <param name="axes">
    /// For each axis of the result, the axis of this value. The batch axis 0 must stay first.
    /// </param>
    /// <param name="name">Name of the node.</param>
    public Value Permute(IReadOnlyList<int> axes, string? name = null) => Apply(new Permute([.. axes]), name);
}
