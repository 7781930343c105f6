using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// The words in which an operator says what it does to the channels of one node: it <b>keeps</b> them, <b>makes</b> new
/// ones, <b>ties</b> axes that must change together, moves them along an axis (<b>offsets</b>: concatenation, slices,
/// padding), <b>expands</b> them (flatten), or is <b>opaque</b>: nothing that it touches can change.
/// </summary>
internal sealed class ChannelTrace(ChannelAnalysis analysis, NetworkGraph graph, Node node)
{
    private readonly string _reason = $"node '{node.Name}' ({node.Operator.Kind})";

    /// <summary>Shapes of the inputs, for a batch of one.</summary>
    internal Shape[] Shapes { get; } = graph.InputShapes(node);

    /// <summary>Shape of the result.</summary>
    internal Shape Output { get; } = graph.ShapeOf(node.Name);

    private ChannelUnits Units => analysis.Units;

    /// <summary>An axis that cannot change because of this node.</summary>
    internal AxisChannels Fixed => new(null, _reason);

    /// <summary>The axes of an input.</summary>
    internal AxisChannels[] Input(int index) => analysis.ValueAxes(node.Inputs[index]);

    /// <summary>The result has the axes of the first input, but for some that are fixed from here on.</summary>
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

    /// <summary>New channels that belong to this node.</summary>
    internal AxisChannels Make(int length) => Units.Make(length);

    /// <inheritdoc cref="ChannelUnits.Tie(AxisChannels, AxisChannels)"/>
    internal AxisChannels Tie(AxisChannels a, AxisChannels b) => Units.Tie(a, b);

    /// <summary>A parameter's axis goes along with these channels.</summary>
    /// <param name="index">Index of the parameter among the node's.</param>
    /// <param name="axis">Axis of the parameter.</param>
    /// <param name="channels">One channel for each index along it.</param>
    internal void Parameter(int index, int axis, AxisChannels channels) =>
        analysis.TieHeld(node.Parameters[index], graph.Parameters[node.Parameters[index]].Shape.Rank, axis, channels);

    /// <inheritdoc cref="Parameter"/>
    internal void Buffer(int index, int axis, AxisChannels channels) =>
        analysis.TieHeld(node.Buffers[index], graph.Buffers[node.Buffers[index]].Shape.Rank, axis, channels);

    /// <summary>Nothing that goes in or comes out can change.</summary>
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

    /// <summary>Inputs that broadcast: axes of one length are tied; what is repeated keeps its length of 1.</summary>
    /// <param name="innerAxes">Last axes that are left out.</param>
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

    /// <summary>Axes behind each other: a fixed one becomes a single fixed channel at each index.</summary>
    internal AxisChannels Concatenate(IReadOnlyList<(AxisChannels Axis, int Length)> parts) =>
        parts.All(part => part.Axis.Units is null)
        ? Fixed
        : new AxisChannels([.. parts.SelectMany(part => Units.UnitsOf(part.Axis, part.Length))], "");

    /// <summary>
    /// Several axes as one, the last running fastest. The first that can change still can; the others are fixed.
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
    /// One axis as several, the last running fastest. One of them can change; the indices that it holds together are
    /// tied.
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
    /// The axis that needs no further ties; else of two the inner one, as a shuffle of groups has it, and of more the
    /// first: channels of an image.
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
