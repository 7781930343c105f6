using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Pads one axis at both ends, with a constant or with values from the axis itself.</summary>
/// <param name="Axis">The axis; must not be the batch axis of a batched value.</param>
/// <param name="Before">Number of elements added at the start, 0 or more.</param>
/// <param name="After">Number of elements added at the end, 0 or more.</param>
public sealed record Pad(int Axis, int Before, int After) : Operator
{
    /// <summary>Value of the padding for <see cref="PadMode.Constant"/>. Default: 0.</summary>
    public float Fill { get; init; }

    /// <summary>Padding mode. Default: <see cref="PadMode.Constant"/>.</summary>
    public PadMode Mode { get; init; }

    /// <inheritdoc/>
    public override string Kind => "Pad";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        return Before >= 0 && After >= 0
            ? inputs[0].With(axis, checked(inputs[0][axis] + Before + After))
            : throw new ShapeMismatchException(node, inputs[0], $"a shape with padding of 0 or more (the padding is "
                + $"{Before} and {After})");
    }

    internal static Pad From(OperatorAttributes attributes) => attributes.Ints("pads") is [var before, var after]
        ? new Pad(attributes.Int("axis"), before, after)
        {
            Fill = attributes.Float("value", 0),
            Mode = Enum.TryParse(attributes.Text("mode") ?? "constant", ignoreCase: true, out PadMode mode)
                && Enum.IsDefined(mode)
                ? mode
                : throw new FormatException(
                    $"attribute 'mode' has an unknown value (got \"{attributes.Text("mode")}\", "
                    + "expected constant, reflect, edge or wrap)"),
        }
        : throw new FormatException("attribute 'pads' has the wrong length (expected two numbers: before and after)");

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => inputs[0];

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        int along = AxisAttributes.Check(trace.Output, Axis, Kind);
        AxisChannels[] axes = trace.Keep(Mode == PadMode.Constant ? [] : [along]);
        axes[along] = axes[along].Units is null ? axes[along] : trace.Concatenate(
            [(trace.Make(Before), Before), (axes[along], trace.Shapes[0][along]), (trace.Make(After), After)]);
        return axes;
    }

    internal override Operator WithChannels(ChannelChange change)
    {
        int along = AxisAttributes.Check(change.Output, Axis, Kind);
        if (change.OutputKept[along] is not { } kept)
        {
            return this;
        }

        // All elements in front of the first remaining element of the input are padding.
        int before = Array.FindIndex(kept, index => index >= Before);
        before = before < 0 ? kept.Length : before;
        return this with { Before = before, After = change.Output[along] - before - change.After[0][along] };
    }

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        Span<int> before = stackalloc int[x.Rank], after = stackalloc int[x.Rank];
        int axis = AxisAttributes.Check(x.Shape, Axis, context.Node.Name);
        (before[axis], after[axis]) = (Before, After);
        return Mode == PadMode.Constant ? x.Pad(before, after, Fill) : x.Pad(before, after, Mode);
    }

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("axis", Axis).With("pads", new[] { Before, After }).With("value", Fill)
            .With("mode", Mode.ToString().ToLowerInvariant());
}

public sealed partial class Value
{
    /// <summary>Adds zeros at both ends of an axis.</summary>
    /// <param name="axis">The axis; must not be the batch axis.</param>
    /// <param name="before">Number of zeros at the start, 0 or more.</param>
    /// <param name="after">Number of zeros at the end, 0 or more.</param>
    /// <param name="name">Name of the node.</param>
    public Value Pad(int axis, int before, int after, string? name = null) => Apply(new Pad(axis, before, after), name);
}
