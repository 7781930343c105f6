using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Checks whether a network with a fixed batch computes its samples independently: follows all values with samples on
/// axis 0 through the graph, as the graph check does for a free batch.
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
                ? "no input has a sample axis"
                : $"the inputs have first axes of different lengths ({string.Join(", ", lengths)})";
            return new BatchState { Kind = BatchKind.Whole, Reason = reason };
        }

        // With one sample per run, there are no other samples to depend on.
        return lengths[0] == 1 || FirstMixing(graph, lengths[0]) is not { } node
            ? new BatchState { Kind = BatchKind.Fixed, Size = lengths[0] }
            : new BatchState
            {
                Kind = BatchKind.Whole,
                Size = lengths[0],
                Node = node.Name,
                Reason =
                    $"node '{node.Name}' ({node.Operator.Kind}) mixes the samples of the batch of {lengths[0]}",
            };
    }

    /// <summary>Returns the first node that mixes the samples on axis 0; null: none does.</summary>
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

        // An input as long as the batch, such as a constant, has values for each batch index.
        ValueInfo[] placed = [.. inputs.Select(
            input => input with { IsBatched = input.IsBatched || (input.Shape.Rank > 0 && input.Shape[0] == batch) })];
        bool isInOrder = operation is Reshape || (operation is Expand && inputs[0].Shape.Rank == output.Rank);
        return isInOrder || operation.KeepsSamplesApart(inputs, output) || operation.KeepsSamplesApart(placed, output);
    }
}
