namespace Temper.Formats.Onnx;

/// <summary>Summary of an ONNX file, read without importing it.</summary>
/// <param name="IrVersion">IR version of the file.</param>
/// <param name="Opset">Version of the standard operator set.</param>
/// <param name="Producer">Name of the program that wrote the file.</param>
/// <param name="Operators">Number of nodes per operator; nodes in branches and loop bodies count too.</param>
/// <param name="Unsupported">Number of nodes per operator, for operators that cannot be imported.</param>
public sealed record OnnxSummary(
    long IrVersion, long Opset, string Producer, IReadOnlyDictionary<string, int> Operators,
    IReadOnlyDictionary<string, int> Unsupported)
{
    /// <summary>Reads the summary of a file.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <exception cref="ModelFormatException">The file is damaged or not an ONNX model.</exception>
    public static OnnxSummary Of(string path)
    {
        using FileStream stream = File.OpenRead(path);
        OnnxModel model = OnnxModelReader.Read(stream, path);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var unsupported = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (OnnxNode node in AllNodes(model.Graph))
        {
            string name = node.Domain is "" or "ai.onnx" ? node.OperatorType : $"{node.Domain}.{node.OperatorType}";
            counts[name] = counts.GetValueOrDefault(name) + 1;
            if (node.Domain is not ("" or "ai.onnx") || !OnnxOperators.IsSupported(node.OperatorType))
            {
                unsupported[name] = unsupported.GetValueOrDefault(name) + 1;
            }
        }

        return new OnnxSummary(
            model.IrVersion, model.Opsets.GetValueOrDefault("", 1), model.Producer, counts, unsupported);
    }

    /// <summary>
    /// Returns the nodes of a graph and of the graphs in their attributes; the reader limits the nesting.
    /// </summary>
    private static IEnumerable<OnnxNode> AllNodes(OnnxGraph graph) => graph.Nodes.SelectMany(node =>
        node.Attributes.Values.Select(attribute => attribute.Value).OfType<OnnxGraph>().SelectMany(AllNodes)
            .Prepend(node));
}
