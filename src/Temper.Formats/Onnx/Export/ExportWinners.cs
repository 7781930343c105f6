using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Exports winners-take-all with standard operators. Sorting the indices of the descending sort gives the rank of each
/// value; values with a rank below k are kept. Among equal values runtimes rank the lower index first, as Temper does.
/// </summary>
internal static class ExportWinners
{
    internal static void Write(NodeExport node, Winners winners)
    {
        string x = node.Inputs[0], zero = node.Constant("rest", Tensor.Scalar(0f));
        bool hasChannels = winners.Unit == WinnerUnit.Channels;
        string scores = hasChannels ? Scores(node, winners.Score) : node.Step("Abs", [x]);
        if (winners.Threshold is { } threshold)
        {
            string below = node.Step("Less", [scores, node.Constant("threshold", Tensor.Scalar(threshold))]);
            node.Result("Where", [node.Step("Not", [below]), x, zero]);
            return;
        }

        Shape shape = node.InputShape;
        bool isFlattened = !hasChannels && shape.Rank > 2;
        string ranked = isFlattened ? node.Step("Flatten", [scores], ("axis", 1)) : scores;
        int competitors = Winners.Competitors(shape, winners.Unit);
        string ranks =
            Indices(node, Indices(node, ranked, competitors, isLargest: true), competitors, isLargest: false);
        string wins =
            node.Step("Less", [ranks, node.Constant("count", Tensor.From([(long)winners.Count], Shape.Scalar))]);
        if (isFlattened)
        {
            int[] lengths = [.. shape];
            // 0 keeps the length
            wins = node.Step(
                "Reshape", [wins, node.Constant("shape", [node.IsBatched ? 0 : lengths[0], .. lengths[1..]])]);
        }

        node.Result("Where", [wins, x, zero]);
    }

    private static string Indices(NodeExport node, string x, int count, bool isLargest)
    {
        string name = node.Graph.Free($"{node.Node.Name}/TopK"), values = node.Graph.Free($"{name}/values"),
            indices = node.Graph.Free($"{name}/places");
        node.Graph.Add(
            "TopK", name, [x, node.Constant("k", count)], [values, indices], ("axis", 1), ("largest", isLargest));
        return indices;
    }

    private static string Scores(NodeExport node, ChannelScore score)
    {
        (string kind, string x) = score switch
        {
            ChannelScore.L2 => ("ReduceL2", node.Inputs[0]),
            ChannelScore.Max => ("ReduceMax", node.Step("Abs", node.Inputs)),
            _ => ("ReduceMean", node.Step("Abs", node.Inputs)),
        };
        return node.Opset >= ExportOperators.AxesAsInputOpset
            ? node.Step(kind, [x, node.Constant("axes", 2, 3)], ("keepdims", true))
            : node.Step(kind, [x], ("axes", new[] { 2, 3 }), ("keepdims", true));
    }
}
