using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Validation of a graph before it becomes a network.</summary>
internal static class GraphCheck
{
    /// <summary>
    /// Creates a node and fills in the names of its parameters and buffers. With <c>shared</c>, the names of that node
    /// are used.
    /// </summary>
    internal static Node Complete(
        Operator operation, string name, IReadOnlyList<string> inputs, IReadOnlyList<Shape> shapes,
        Node? shared = null) => new()
        {
            Name = name,
            Operator = operation,
            Inputs = inputs,
            Parameters = shared?.Parameters
                ?? [.. operation.ParameterSpecs(shapes).Select(spec => $"{name}.{spec.Name}")],
            Buffers = shared?.Buffers ?? [.. operation.BufferSpecs(shapes).Select(spec => $"{name}.{spec.Name}")],
        };

    /// <summary>Checks a node's inputs and infers shape, dtype and batch axis of its value.</summary>
    internal static ValueInfo Infer(Operator operation, string node, IReadOnlyList<ValueInfo> inputs)
    {
        (int min, int max) = operation.InputCount;
        if (inputs.Count < min || inputs.Count > max)
        {
            throw new ArgumentException(
                $"{node}: wrong number of inputs for {operation.Kind} (got {inputs.Count}, expected "
                + $"{min}{(max > min ? " or more" : "")})");
        }

        Shape output = operation.InferShape([.. inputs.Select(input => input.Shape)], node);
        bool isBatched = inputs.Any(input => input.IsBatched);
        if (isBatched && !(output.Rank > 0 && output[0] == 1 && operation.KeepsSamplesApart(inputs, output)))
        {
            throw new ShapeMismatchException(
                node, inputs[0].Shape, $"inputs for which {operation.Kind} leaves axis 0, the batch, unchanged; the "
                    + $"result has shape {output}") { MixesSamples = true };
        }

        return new ValueInfo(output, operation.InferDType([.. inputs.Select(input => input.DType)], node), isBatched);
    }

    /// <summary>
    /// Sorts nodes topologically: each after the nodes it reads. A list already in order is returned unchanged. Throws
    /// if two nodes or inputs have the same name, if a node reads an unknown value, or if the graph has a cycle.
    /// </summary>
    internal static List<Node> Sort(IReadOnlyList<InputSpec> inputs, IReadOnlyList<Node> nodes)
    {
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in inputs.Select(input => input.Name).Concat(nodes.Select(node => node.Name)))
        {
            Names.Check(name, "a node");
            if (!made.Add(name))
            {
                throw new ArgumentException(
                    $"Network: two nodes or inputs have the same name (got '{name}' twice); rename one");
            }
        }

        RequireKnownInputs(nodes, made);
        return Ordered(inputs, nodes);
    }

    private static void RequireKnownInputs(IReadOnlyList<Node> nodes, HashSet<string> known)
    {
        foreach (Node node in nodes)
        {
            if (node.Inputs.FirstOrDefault(input => !known.Contains(input)) is { } stranger)
            {
                throw new ArgumentException(
                    $"{node.Name}: unknown input (got '{stranger}', expected one of {Names.Sample(known)})");
            }
        }
    }

    private static List<Node> Ordered(IReadOnlyList<InputSpec> inputs, IReadOnlyList<Node> nodes)
    {
        var sorted = new List<Node>(nodes.Count);
        var made = new HashSet<string>(inputs.Select(input => input.Name), StringComparer.Ordinal);
        var waiting = new List<Node>(nodes);
        while (waiting.Count > 0)
        {
            int before = sorted.Count;
            waiting.RemoveAll(node =>
            {
                bool ready = node.Inputs.All(made.Contains);
                if (ready)
                {
                    sorted.Add(node);
                    made.Add(node.Name);
                }

                return ready;
            });
            if (sorted.Count == before)
            {
                throw new ArgumentException(
                    "Network: the graph has a cycle "
                    + $"({Names.Sample(waiting.Select(node => node.Name))}); remove one of its edges");
            }
        }

        return sorted;
    }

    /// <summary>
    /// Throws if a node contributes to no output, which indicates a mistake in the body or in the edit.
    /// </summary>
    internal static void CheckUsed(IReadOnlyList<Node> sorted, IReadOnlyList<NetworkOutput> outputs)
    {
        var used = new HashSet<string>(outputs.Select(output => output.Value), StringComparer.Ordinal);
        for (int i = sorted.Count - 1; i >= 0; i--)
        {
            if (!used.Contains(sorted[i].Name))
            {
                throw new ArgumentException(
                    $"Network: no output depends on node '{sorted[i].Name}'; make it an output or remove it");
            }

            used.UnionWith(sorted[i].Inputs);
        }
    }

    /// <summary>Throws if there are no outputs, two have the same name, or one refers to an unknown value.</summary>
    internal static void CheckOutputs(IReadOnlyList<NetworkOutput> outputs, Func<string, bool> exists)
    {
        if (outputs.Count == 0)
        {
            throw new ArgumentException("Network: no outputs (got 0, expected 1 or more); return at least one value");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (NetworkOutput output in outputs)
        {
            Names.Check(output.Name, "an output");
            if (!names.Add(output.Name))
            {
                throw new ArgumentException(
                    $"Network: two outputs have the same name (got '{output.Name}' twice); rename one");
            }

            if (!exists(output.Value))
            {
                throw new ArgumentException(
                    $"Network: output '{output.Name}' refers to an unknown value (got '{output.Value}'); name an "
                    + "input or a node");
            }
        }
    }
}
