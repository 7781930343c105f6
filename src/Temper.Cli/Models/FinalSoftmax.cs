using Temper.Networks;

namespace Temper.Cli.Models;

/// <summary>
/// Classifiers that end with a softmax, as files from elsewhere often do: they return probabilities, but losses expect
/// logits.
/// </summary>
internal static class FinalSoftmax
{
    internal static bool IsIn(Network network) => Of(network) is not null;

    /// <summary>Returns the network of the logits; unchanged if the network does not end with a softmax.</summary>
    internal static Network Removed(Network network) => Of(network) is { } last
        ? network.WithOutputs(network.Outputs[0] with { Value = last.Inputs[0] })
        : network;

    /// <summary>The softmax over the classes that returns the first output <c>[N, classes]</c>; null: none.</summary>
    private static Node? Of(Network network) =>
        network.Outputs is [var output, ..] && network.Graph.ShapeOf(output.Value).Rank == 2
            ? network.Nodes.FirstOrDefault(node => node.Operator is Softmax { Axis: -1 or 1 }
                && string.Equals(node.Name, output.Value, StringComparison.Ordinal))
            : null;
}
