using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Selects indices of an axis: from start up to but not including end, with a step.</summary>
/// <param name="Axis">The axis; must not be the batch axis of a batched value.</param>
/// <param name="Start">First index; negative indices count from the end.</param>
/// <param name="End">Index after the last, clipped to the length; negative indices count from the end.</param>
/// <param name="Step">Step between indices, not 0; negative steps go backwards as in Python.</param>
public sealed record Slice(int Axis, int Start = 0, int End = int.MaxValue, int Step = 1) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "Slice";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        (int first, int count) = Range(inputs[0][axis]);
        return Step != 0
            ? inputs[0].With(axis, count)
            : throw new ShapeMismatchException(node, inputs[0], $"a shape with axis {Axis} and a step other than 0");
    }

    internal static Slice From(OperatorAttributes attributes) => new(
        attributes.Int("axis"), attributes.Int("start", 0), attributes.Int("end", int.MaxValue),
        attributes.Int("step", 1));

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => inputs[0];

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        int along = AxisAttributes.Check(trace.Output, Axis, Kind);
        AxisChannels[] axes = trace.Keep(Step == 1 ? [] : [along]);
        (int first, int count) = Range(trace.Shapes[0][along]);
        axes[along] =
            axes[along].Units is { } units ? new AxisChannels(units[first..(first + count)], "") : axes[along];
        return axes;
    }

    internal override Operator WithChannels(ChannelChange change)
    {
        int along = AxisAttributes.Check(change.Output, Axis, Kind);
        if (change.InputKept[along] is not { } kept)
        {
            return this;
        }

        // Start at the first remaining channel of the slice, or at new channels inserted directly in front of it.
        (int first, int count) = Range(change.Before[0][along]);
        int old = Array.FindIndex(kept, index => index >= first && index < first + count);
        int added =
            change.OutputKept[along] is { } output ? Math.Max(0, Array.FindIndex(output, index => index >= 0)) : 0;
        return this with { Start = Math.Max(0, old - added), End = Math.Max(0, old - added) + change.Output[along] };
    }

    internal override Tensor Forward(in NodeContext context)
    {
        (int first, int count) = Range(context.X.Shape[Axis]);
        if (Step > 0 || count == 0)
        {
            return context.X.Slice(
                Axis, first, count == 0 ? first : first + ((count - 1) * Step) + 1, Math.Max(Step, 1));
        }

        // Take the same indices in ascending order, then reverse them.
        int last = first + ((count - 1) * Step);
        return context.X.Slice(Axis, last, first + 1, -Step).Flip(Axis);
    }

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("axis", Axis).With("start", Start).With("end", End).With("step", Step);

    /// <summary>Returns the first selected index and the number of selected indices.</summary>
    private (int First, int Count) Range(int length)
    {
        bool forwards = Step > 0;
        int start = Clipped(Start, length, forwards), end = Clipped(End, length, forwards);
        int span = forwards ? end - start : start - end;
        return span > 0 && Step != 0 ? (start, ((span - 1) / Math.Abs(Step)) + 1) : (0, 0);
    }

    /// <summary>
    /// Clips an index as Python does: to 0 and the length going forwards, to -1 and the length - 1 going backwards.
    /// </summary>
    private static int Clipped(int position, int length, bool forwards)
    {
        long counted = position < 0 ? (long)position + length : position;
        return (int)(forwards ? Math.Clamp(counted, 0, length) : Math.Clamp(counted, -1, length - 1));
    }
}

public sealed partial class Value
{
    /// <summary>Adds a slice of an axis.</summary>
    /// <param name="axis">The axis; must not be the batch axis.</param>
    /// <param name="start">First index; negative indices count from the end.</param>
    /// <param name="end">Index after the last; negative indices count from the end.</param>
    /// <param name="step">Step between indices, not 0; negative steps go backwards.</param>
    /// <param name="name">Name of the node.</param>
    public Value Slice(int axis, int start = 0, int end = int.MaxValue, int step = 1, string? name = null) =>
        Apply(new Slice(axis, start, end, step), name);
}
