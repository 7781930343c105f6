using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>The scaling of the columns of a table (<c>scale=standard</c>) as the first node of a network.</summary>
internal static class TableScaling
{
    /// <summary>
    /// The first node of a new network: what <see cref="ModelSource.Normalize"/> says, or the scaling of the columns of
    /// a table; null: none. Throws if both are given.
    /// </summary>
    internal static Normalize? OfNew(CommandContext context, DataSets data) =>
        context.Get(ModelSource.Normalize) is not { } given ? data.Scaling
        : data.Scaling is null ? given
        : throw ToolException.Usage($"{ModelSource.Normalize.Flag}: excludes scale=standard, which normalizes the "
            + "columns of the table; give only one of them");

    /// <summary>
    /// Prepends the scaling of the columns of a table to a stored network, which then takes rows as they are. A network
    /// that scales its inputs itself is not changed: the rows would be scaled twice.
    /// </summary>
    internal static Network Scaled(CommandContext context, Network network, DataSets data)
    {
        if (data.Scaling is not { } scaling || network.Inputs is not [{ SampleShape.Rank: > 0 } input])
        {
            return network;
        }

        Shape own = input.IsBatched ? input.SampleShape : Shape.Create(input.SampleShape.AsSpan()[1..]);
        if (!own.Equals(data.Train.SampleShape))
        {
            return network;                         // refused later, with both shapes
        }

        if (network.UsersOf(input.Name).FirstOrDefault(node => Scales(network, node)) is not { } first)
        {
            // The bounds of the old input are those of scaled values.
            return network.Prepend(
                input with { Minimum = float.NegativeInfinity, Maximum = float.PositiveInfinity },
                x => x.Apply(scaling, "normalize"));
        }

        bool isSame = first.Operator is Normalize kept && kept.Mean.SequenceEqual(scaling.Mean)
            && kept.Deviation.SequenceEqual(scaling.Deviation);
        if (!isSame)
        {
            context.Terminal.Note("data: scale=standard is not applied, because the network scales its inputs itself "
                + $"(node '{first.Name}', {first.Operator.Kind})");
        }

        return network;
    }

    /// <summary>Whether a node normalizes an input or, as in ONNX files, scales or shifts it by constants.</summary>
    private static bool Scales(Network network, Node node) => node.Operator is Normalize
        || (node.Operator is Multiply or Divide or Add or Subtract
            && node.Inputs.Any(name => network.Graph.FindNode(name)?.Operator is ConstantValue));
}
