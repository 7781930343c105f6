using Temper.Networks;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Proxies;

/// <summary>Adapts a network to the observations of another stream.</summary>
internal static class StreamAdapter
{
    /// <summary>Returns a network that crops or pads the stream's stacks for the given network.</summary>
    internal static Network Adapt(Network network, string task, StreamInfo stream)
    {
        Shape wanted = network.Inputs is [{ SampleShape: var shape }]
            ? shape
            : throw new ArgumentException($"{task}: needs a network with one input (got {network.Inputs.Count})");
        Shape given = stream.StackShape;
        if (wanted.Equals(given))
        {
            return network;
        }

        if (wanted.Rank != given.Rank)
        {
            throw new ArgumentException($"{task}: its observations have another number of axes than the stream's (got "
                + $"{wanted}, expected {given.Rank} axes as in {given}); use an agent that sees such observations");
        }

        var input = new InputSpec { SampleShape = given, Minimum = stream.Minimum, Maximum = stream.Maximum };
        return network.Prepend(input, x =>
        {
            for (int axis = 0; axis < given.Rank; axis++)
            {
                x = Resized(x, axis + 1, (given[axis], wanted[axis]), keepsEnd: axis == 0 && stream.Frames > 1);
            }

            return x;
        });
    }

    /// <summary>Crops or pads one axis; the values at its end or at its start stay in place.</summary>
    private static Value Resized(Value x, int axis, (int From, int To) size, bool keepsEnd)
    {
        int difference = size.To - size.From;
        return (Math.Sign(difference), keepsEnd) switch
        {
            (0, _) => x,
            (> 0, true) => x.Pad(axis, difference, 0),
            (> 0, false) => x.Pad(axis, 0, difference),
            (_, true) => x.Slice(axis, -difference),
            (_, false) => x.Slice(axis, 0, size.To),
        };
    }
}
