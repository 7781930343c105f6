using System.Globalization;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <content>Replaces an If whose condition is known by the nodes of the chosen branch.</content>
internal sealed partial class OnnxImporter
{
    private int _branches;

    /// <summary>
    /// Translates the nodes of the chosen branch in place of the If. Names that the branch defines get a prefix of
    /// their own (the If's output and a number), since the graph and other branches may use the same names.
    /// </summary>
    private void Inline(GraphImport graph, OnnxNode node)
    {
        var branch = new OnnxGraph();
        Run(new NodeImport(graph, node, _tensors.Read, _constants), import => branch = Chosen(import));
        string first = node.Outputs.FirstOrDefault(output => output.Length > 0) ?? node.OperatorType;
        string prefix = string.Create(CultureInfo.InvariantCulture, $"{GraphImport.Clean(first)}:{++_branches}");

        // Each new name is created once, however often the branch uses it.
        var renamed = branch.Nodes.SelectMany(inner => inner.Outputs)
            .Concat(branch.Initializers.Select(initializer => initializer.Name))
            .Where(name => name.Length > 0).Distinct(StringComparer.Ordinal)
            .ToDictionary(name => name, name => $"{prefix}/{name}", StringComparer.Ordinal);
        OnnxGraph inlined = Renamed(branch, name => renamed.GetValueOrDefault(name, name));
        foreach (OnnxTensor initializer in inlined.Initializers)
        {
            Tensor value = _tensors.Read(initializer);
            Known known = Known.Of(initializer.Name, value, value.DType == DType.Float32);
            graph.SetKnown(initializer.Name, known with { Type = initializer.Type });
        }

        foreach (OnnxNode inner in inlined.Nodes)
        {
            Translate(graph, inner);
        }

        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i].Length > 0)
            {
                Translate(graph, new OnnxNode
                {
                    Name = node.Name, OperatorType = "Identity", Inputs = [inlined.Outputs[i].Name],
                    Outputs = [node.Outputs[i]],
                });
            }
        }
    }

    /// <summary>Returns the branch that a known condition chooses.</summary>
    private static OnnxGraph Chosen(NodeImport node)
    {
        OnnxGraph whenTrue = node.Subgraph("then_branch"), whenFalse = node.Subgraph("else_branch");
        Tensor condition = node.Single(0, "the condition");
        if (condition.DType != DType.Bool)
        {
            throw node.Bad($"the condition has the wrong type (got {condition.DType}, expected Bool)");
        }

        OnnxGraph chosen = condition.ToArray<bool>()[0] ? whenTrue : whenFalse;
        if (chosen.Inputs.Count > 0 || chosen.Outputs.Count != node.OutputCount)
        {
            throw node.Bad($"the branch does not fit the node (got {chosen.Inputs.Count} inputs and "
                + $"{chosen.Outputs.Count} outputs, expected none and {node.OutputCount})");
        }

        return chosen.SparseInitializers.Count == 0
            ? chosen
            : throw node.Bad("the branch has sparse initializers, which are supported in the main graph only");
    }

    /// <summary>Renames values in a graph and in the graphs of its nodes.</summary>
    private static OnnxGraph Renamed(OnnxGraph graph, Func<string, string> rename) => graph with
    {
        Nodes = [.. graph.Nodes.Select(node => Renamed(node, rename))],
        Initializers = [.. graph.Initializers.Select(tensor => tensor with { Name = rename(tensor.Name) })],
        Outputs = [.. graph.Outputs.Select(output => output with { Name = rename(output.Name) })],
    };

    private static OnnxNode Renamed(OnnxNode node, Func<string, string> rename) => node with
    {
        Inputs = [.. node.Inputs.Select(rename)],
        Outputs = [.. node.Outputs.Select(rename)],
        Attributes = node.Attributes.ToDictionary(
            pair => pair.Key,
            pair => pair.Value.Value is OnnxGraph inner
                ? new OnnxAttribute(pair.Key, Renamed(inner, rename))
                : pair.Value,
            StringComparer.Ordinal),
    };
}
