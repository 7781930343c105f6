using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Operations with which an operator describes how it maps channels. It can <b>keep</b> them, <b>make</b> new ones,
/// <b>tie</b> axes that must change together, move them along an axis (<b>offsets</b>: concatenation, slices, padding),
/// <b>expand</b> them (flatten), or be <b>opaque</b>: none of its axes may change.
/// </summary>
internal sealed class ChannelTrace(ChannelAnalysis analysis, NetworkGraph graph, Node node)
{
    private readonly string _reason = $"node '{node.Name}' ({node.Operator.Kind})";

    /// <summary>Shapes of the inputs, for a batch of one.</summary>
    internal Shape[] Shapes { get; } = graph.InputShapes(node);

    /// <summary>Shape of the result.</summary>
    internal Shape Output { get; } = graph.ShapeOf(node.Name);

    private ChannelUnits Units => analysis.Units;

    /// <summary>An axis whose length is fixed by this node.</summary>
    internal AxisChannels Fixed => new(null, _reason);

    /// <summary>Returns the axes of an input.</summary>
    internal AxisChannels[] Input(int index) => analysis.ValueAxes(node.Inputs[index]);

    /// <summary>Returns the axes of the first input for the result; the given axes are fixed.</summary>
    internal AxisChannels[] Keep(params ReadOnlySpan<int> exceptAxes)
    {
        AxisChannels[] axes = [.. Input(0)];
        foreach (int axis in exceptAxes)
        {
            Units.Fix(axes[axis], _reason);
            axes[axis] = Fixed;
        }

        return axes;
    }

    /// <summary>Creates new channels that belong to this node.</summary>
    internal AxisChannels Make(int length) => Units.Make(length);

    /// <inheritdoc cref="ChannelUnits.Tie(AxisChannels, AxisChannels)"/>
    internal AxisChannels Tie(AxisChannels a, AxisChannels b) => Units.Tie(a, b);

    /// <summary>Ties an axis of a parameter to channels.</summary>
    /// <param name="index">Index of the parameter within the node.</param>
    /// <param name="axis">Axis of the parameter.</param>
    /// <param name="channels">The channel of each index along the axis.</param>
    internal void Parameter(int index, int axis, AxisChannels channels) =>
        analysis.TieHeld(node.Parameters[index], graph.Parameters[node.Parameters[index]].Shape.Rank, axis, channels);

    /// <inheritdoc cref="Parameter"/>
    internal void Buffer(int index, int axis, AxisChannels channels) =>
        analysis.TieHeld(node.Buffers[index], graph.Buffers[node.Buffers[index]].Shape.Rank, axis, channels);

    /// <summary>Fixes all axes of the inputs and of the result.</summary>
    internal AxisChannels[] Opaque()
    {
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            foreach (AxisChannels axis in Input(i))
            {
                Units.Fix(axis, _reason);
            }
        }

        return [.. Enumerable.Repeat(Fixed, Output.Rank)];
    }

    /// <summary>
    /// Traces inputs that broadcast: axes of equal length are tied; an axis of length 1 that is repeated is fixed.
    /// </summary>
    /// <param name="innerAxes">Number of last axes to skip.</param>
    internal AxisChannels[] Broadcast(int innerAxes = 0)
    {
        var axes = new AxisChannels[Output.Rank];
        for (int axis = 0; axis < axes.Length - innerAxes; axis++)
        {
            axes[axis] = AxisChannels.Neutral;
            for (int i = 0; i < Shapes.Length; i++)
            {
                int own = axis - (Output.Rank - Shapes[i].Rank);
                if (own >= 0 && Shapes[i][own] == Output[axis])
                {
                    axes[axis] = Units.Tie(axes[axis], Input(i)[own]);
                }
                else if (own >= 0)
                {
                    Units.Fix(Input(i)[own], _reason);
                }
            }
        }

        return axes;
    }

    /// <summary>Concatenates axes; a fixed one contributes one fixed channel for all its indices.</summary>
    internal AxisChannels Concatenate(IReadOnlyList<(AxisChannels Axis, int Length)> parts) =>
        parts.All(part => part.Axis.Units is null)
        ? Fixed
        : new AxisChannels([.. parts.SelectMany(part => Units.UnitsOf(part.Axis, part.Length))], "");

    /// <summary>
    /// Merges several axes into one in row-major order. Only the first axis that can change stays changeable.
    /// </summary>
    internal AxisChannels Merge(ReadOnlySpan<AxisChannels> axes, ReadOnlySpan<int> lengths)
    {
        int free = -1, inner = 1, outer = 1;
        for (int i = 0; i < axes.Length; i++)
        {
            if (axes[i].Units is not null && free < 0)
            {
                (free, outer, inner) = (i, outer * inner, 1);
            }
            else
            {
                Units.Fix(axes[i], _reason);
                inner *= lengths[i];
            }
        }

        if (free < 0)
        {
            return Fixed;
        }

        int[] one = axes[free].Units!, units = new int[outer * one.Length * inner];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = one[i / inner % one.Length];
        }

        return new AxisChannels(units, "");
    }

    /// <summary>
    /// Splits one axis into several in row-major order. One of them stays changeable, and the indices that belong to
    /// the same index of it are tied.
    /// </summary>
    internal AxisChannels[] Split(AxisChannels axis, ReadOnlySpan<int> lengths)
    {
        var axes = new AxisChannels[lengths.Length];
        Array.Fill(axes, Fixed);
        if (axis.Units is not null)
        {
            int chosen = ChooseSplit(axis.Units, lengths), inner = Product(lengths[(chosen + 1)..]),
                length = lengths[chosen];
            for (int i = 0; i < axis.Units.Length; i++)
            {
                Units.Tie(axis.Units[i], axis.Units[i / inner % length * inner]);
            }

            axes[chosen] = new AxisChannels([.. Enumerable.Range(0, length).Select(i => axis.Units[i * inner])], "");
        }

        return axes;
    }

    /// <summary>
    /// Chooses the axis that needs no further ties. Otherwise, of two axes the inner one, as in a channel shuffle; of
    /// more axes the first one, the channels of an image.
    /// </summary>
    private int ChooseSplit(int[] units, ReadOnlySpan<int> lengths)
    {
        var wide = new List<int>();
        for (int axis = 0; axis < lengths.Length; axis++)
        {
            if (lengths[axis] == 1)
            {
                continue;
            }

            wide.Add(axis);
            int inner = Product(lengths[(axis + 1)..]), length = lengths[axis];
            if (Enumerable.Range(0, units.Length).All(
                i => Units.Root(units[i]) == Units.Root(units[i / inner % length * inner])))
            {
                return axis;
            }
        }

        return wide.Count == 2 ? wide[^1] : wide.FirstOrDefault();
    }

    private static int Product(ReadOnlySpan<int> lengths)
    {
        int product = 1;
        foreach (int length in lengths)
        {
            product *= length;
        }

        return product;
    }
}
