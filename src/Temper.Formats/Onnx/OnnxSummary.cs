namespace Temper.Formats.Onnx;

/// <summary>What an ONNX file says of itself, read without turning it into a network.</summary>
/// <param name="IrVersion">Version of the format.</param>
/// <param name="Opset">Version of the standard operator set.</param>
/// <param name="Producer">Program that made it.</param>
/// <param name="Operators">Operators by name with the number of their nodes.</param>
/// <param name="Unsupported">Those of them that cannot be read.</param>
public sealed record OnnxSummary(
    long IrVersion, long Opset, string Producer, IReadOnlyDictionary<string, int> Operators,
    IReadOnlyDictionary<string, int> Unsupported)
{
    /// <summary>Reads a file's summary.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <exception cref="ModelFormatException">The file is damaged or not an ONNX model.</exception>
    public static OnnxSummary Of(string path)
    {
        using FileStream stream = File.OpenRead(path);
        OnnxModel model = OnnxModelReader.Read(stream, path);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var unsupported = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (OnnxNode node in model.Graph.Nodes)
        {
            string name = node.Domain is "" or "ai.onnx" ? node.OperatorType : $"{node.Domain}.{node.OperatorType}";
            counts[name] = counts.GetValueOrDefault(name) + 1;
            if (node.Domain is not ("" or "ai.onnx") || !OnnxOperators.TryFind(node.OperatorType, out _))
            {
                unsupported[name] = unsupported.GetValueOrDefault(name) + 1;
            }
        }

        return new OnnxSummary(
            model.IrVersion, model.Opsets.GetValueOrDefault("", 1), model.Producer, counts, unsupported);
    }
}
