using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Exports normalizations; those that an operator set lacks are written as formulas.</summary>
internal static class ExportNormalization
{
    private const int LayerNormOpset = 17;
    private const int GroupNormOpset = 21;

    internal static void Write(NodeExport node, BatchNorm norm)
    {
        IEnumerable<string> weights = node.Node.Parameters.Concat(node.Node.Buffers).Take(4).Select(node.Graph.Weight);
        node.Result(
            "BatchNormalization", [.. node.Inputs, .. weights], ("epsilon", norm.Epsilon),
            ("momentum", 1 - norm.Momentum));
    }

    internal static void Write(NodeExport node, LayerNorm norm)
    {
        if (node.Opset < LayerNormOpset)
        {
            throw node.Unfit($"needs opset {LayerNormOpset} (got {node.Opset}); export with a newer opset");
        }

        node.Result(
            "LayerNormalization", [.. node.Inputs, .. node.Weights], ("axis", -norm.Axes), ("epsilon", norm.Epsilon));
    }

    /// <summary>
    /// Exports group normalization. Opset 18 has one scale per group, opset 21 one per channel. For opsets below 21 it
    /// is written as an instance normalization over the groups.
    /// </summary>
    internal static void Write(NodeExport node, GroupNorm norm)
    {
        if (node.Opset >= GroupNormOpset)
        {
            node.Result(
                "GroupNormalization", [.. node.Inputs, .. node.Weights], ("num_groups", norm.Groups),
                ("epsilon", norm.Epsilon));
            return;
        }

        int[] lengths = [.. node.InputShape];
        int batch = node.IsBatched ? 0 : lengths[0], channels = lengths[1];   // 0 keeps the length
        string groups = node.Step("Reshape", [node.Inputs[0], node.Constant(
            "groups", batch, norm.Groups, node.InputShape.CountOf(1, lengths.Length) / norm.Groups)]);
        string ones = node.Constant("ones", Tensor.Ones([norm.Groups])),
            zeros = node.Constant("zeros", Tensor.Zeros([norm.Groups]));
        string normal = node.Step("InstanceNormalization", [groups, ones, zeros], ("epsilon", norm.Epsilon));
        string again = node.Step("Reshape", [normal, node.Constant("shape", [batch, .. lengths[1..]])]);
        string each = node.Constant("channels", [channels, .. Enumerable.Repeat(1, lengths.Length - 2)]);
        string scaled = node.Step("Mul", [again, node.Step("Reshape", [node.Weights[0], each])]);
        node.Result("Add", [scaled, node.Step("Reshape", [node.Weights[1], each])]);
    }

    /// <summary>Computes (s x - m) / d as x s / d - m / d per channel, after reordering the channels.</summary>
    internal static void Write(NodeExport node, Normalize normalize)
    {
        string x = node.Graph.InfoOf(node.Node.Inputs[0]).DType == DType.Float32
            ? node.Inputs[0]
            : node.Step("Cast", node.Inputs, ("to", (int)OnnxType.Float));
        if (normalize.ChannelOrder.Count > 0)
        {
            x = node.Step("Gather", [x, node.Constant("order", [.. normalize.ChannelOrder])], ("axis", 1));
        }

        Shape channels = Shape.Create([normalize.Mean.Count, .. Enumerable.Repeat(1, node.InputShape.Rank - 2)]);
        string scale = node.Constant(
            "scale", Tensor.From((float[])[.. normalize.Deviation.Select(d => normalize.Scale / d)], channels));
        string shift = node.Constant(
            "shift", Tensor.From((float[])[.. normalize.Mean.Zip(normalize.Deviation, (m, d) => -m / d)], channels));
        node.Result("Add", [node.Step("Mul", [x, scale]), shift]);
    }
}
