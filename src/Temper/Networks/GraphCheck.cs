using Temper.Tensors;

namespace Temper.Networks;

/// <summary>The checks that every graph passes before it becomes a network.</summary>
internal static class GraphCheck
{
    /// <summary>
    /// A node with the names of its parameters and buffers: its own, or those of a node that it shares them with.
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

    /// <summary>What is known of a node's value, after all checks of its inputs.</summary>
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
                node, inputs[0].Shape, $"inputs whose axis 0 {operation.Kind} leaves alone, since it is the batch; the "
                    + $"result is {output}") { MixesSamples = true };
        }

        return new ValueInfo(output, operation.InferDType([.. inputs.Select(input => input.DType)], node), isBatched);
    }

    /// <summary>Nodes so ordered that each comes after its inputs; those that are in order stay as they are.</summary>
    internal static List<Node> Sort(IReadOnlyList<InputSpec> inputs, IReadOnlyList<Node> nodes)
    {
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in inputs.Select(input => input.Name).Concat(nodes.Select(node => node.Name)))
        {
            Names.Check(name, "a node");
            if (!made.Add(name))
            {
                throw new ArgumentException(
                    $"Network: two nodes or inputs have one name (got '{name}' twice); rename one");
            }
        }

        foreach (Node node in nodes)
        {
            foreach (string input in node.Inputs)
            {
                if (!made.Contains(input))
                {
                    throw new ArgumentException(
                        $"{node.Name}: its input is not there (got '{input}'); the values are {Names.Sample(made)}");
                }
            }
        }

        var sorted = new List<Node>(nodes.Count);
        made = new HashSet<string>(inputs.Select(input => input.Name), StringComparer.Ordinal);
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

    /// <summary>Every node must matter to an output: what does not is a mistake in the body or the edit.</summary>
    internal static void CheckUsed(IReadOnlyList<Node> sorted, IReadOnlyList<NetworkOutput> outputs)
    {
        var used = new HashSet<string>(outputs.Select(output => output.Value), StringComparer.Ordinal);
        for (int i = sorted.Count - 1; i >= 0; i--)
        {
            if (!used.Contains(sorted[i].Name))
            {
                throw new ArgumentException(
                    $"Network: no output depends on node '{sorted[i].Name}'; make it an output or leave it out");
            }

            used.UnionWith(sorted[i].Inputs);
        }
    }

    /// <summary>Outputs have names of their own and name values that exist.</summary>
    internal static void CheckOutputs(IReadOnlyList<NetworkOutput> outputs, Func<string, bool> exists)
    {
        if (outputs.Count == 0)
        {
            throw new ArgumentException("Network: no outputs; return at least one value");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (NetworkOutput output in outputs)
        {
            Names.Check(output.Name, "an output");
            if (!names.Add(output.Name))
            {
                throw new ArgumentException(
                    $"Network: two outputs have one name (got '{output.Name}' twice); rename one");
            }

            if (!exists(output.Value))
            {
                throw new ArgumentException(
                    $"Network: output '{output.Name}' is the value of no node (got '{output.Value}'); name a node");
            }
        }
    }
}
