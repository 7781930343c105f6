using Temper.Tensors;

namespace Temper.Networks;

/// <summary>The mean over axes, which disappear unless kept with length 1.</summary>
/// <param name="Axes">Axes, none the batch; negative counts from the end.</param>
/// <param name="KeepAxes">Whether they stay with length 1.</param>
public sealed record Mean(IReadOnlyList<int> Axes, bool KeepAxes = false) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "ReduceMean";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        int[] axes = [.. Axes.Select(axis => AxisAttributes.Check(x, axis, node))];
        if (axes.Length == 0 || axes.Distinct().Count() != axes.Length)
        {
            throw new ShapeMismatchException(node, x, $"one or more different axes (they are [{string.Join(", ", Axes)}])");
        }

        var lengths = new List<int>();
        for (int axis = 0; axis < x.Rank; axis++)
        {
            if (!axes.Contains(axis))
            {
                lengths.Add(x[axis]);
            }
            else if (KeepAxes)
            {
                lengths.Add(1);
            }
        }

        return Shape.Create([.. lengths]);
    }

    internal static Mean From(OperatorAttributes attributes) => new(attributes.Ints("axes"), attributes.Int("keepdims", 1) != 0);

    internal override Tensor Forward(in NodeContext context) => context.X.Mean([.. Axes], KeepAxes);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("axes", Axes.ToArray()).With("keepdims", KeepAxes);
}

public sealed partial class Value
{
    /// <summary>Adds the mean over axes.</summary>
    /// <param name="axes">Axes, none the batch; negative counts from the end.</param>
    /// <param name="keepAxes">Whether they stay with length 1.</param>
    /// <param name="name">Name of the node.</param>
    public Value Mean(IReadOnlyList<int> axes, bool keepAxes = false, string? name = null) =>
        Apply(new Mean([.. axes], keepAxes), name);
}
