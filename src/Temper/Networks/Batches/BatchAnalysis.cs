using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Finds out whether a network of a fixed batch keeps its samples apart: follows the values whose axis 0 holds the
/// samples from the inputs through the nodes, as the graph check does for a free batch.
/// </summary>
internal static class BatchAnalysis
{
    internal static BatchState Of(NetworkGraph graph)
    {
        if (graph.Inputs.Any(input => input.IsBatched))
        {
            return new BatchState { Kind = BatchKind.Free };
        }

        int[] lengths =
        [
            .. graph.Inputs.Where(input => input.SampleShape.Rank > 0).Select(input => input.SampleShape[0]).Distinct(),
        ];
        if (lengths.Length != 1)
        {
            string reason = lengths.Length == 0
                ? "no input has an axis of samples"
                : $"the inputs have first axes of different lengths ({string.Join(", ", lengths)})";
            return new BatchState { Kind = BatchKind.Whole, Reason = reason };
        }

        // In a run of one sample there are no others.
        return lengths[0] == 1 || FirstMixing(graph, lengths[0]) is not { } node
            ? new BatchState { Kind = BatchKind.Fixed, Size = lengths[0] }
            : new BatchState
            {
                Kind = BatchKind.Whole,
                Size = lengths[0],
                Node = node.Name,
                Reason =
                    $"node '{node.Name}' ({node.Operator.Kind}) needs the other samples of the batch of {lengths[0]}",
            };
    }

    /// <summary>The first node that does not keep the samples on axis 0 apart; null where all do.</summary>
    private static Node? FirstMixing(NetworkGraph graph, int batch)
    {
        var samples = graph.Inputs.Where(input => input.SampleShape.Rank > 0)
            .Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes.Where(node => node.Inputs.Any(samples.Contains)))
        {
            ValueInfo[] inputs = [.. node.Inputs.Select(
                input => graph.InfoOf(input) with { IsBatched = samples.Contains(input) })];
            if (!KeepsApart(node.Operator, inputs, graph.ShapeOf(node.Name), batch))
            {
                return node;
            }

            samples.Add(node.Name);
        }

        return null;
    }

    private static bool KeepsApart(Operator operation, ValueInfo[] inputs, Shape output, int batch)
    {
        if (output.Rank == 0 || output[0] != batch)
        {
            return false;
        }

        // A constant as long as the batch holds numbers for each index in it.
        ValueInfo[] placed = [.. inputs.Select(
            input => input with { IsBatched = input.IsBatched || (input.Shape.Rank > 0 && input.Shape[0] == batch) })];
        bool isInOrder = operation is Reshape || (operation is Expand && inputs[0].Shape.Rank == output.Rank);
        return isInOrder || operation.KeepsSamplesApart(inputs, output) || operation.KeepsSamplesApart(placed, output);
    }
}
