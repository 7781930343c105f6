using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Exports 8-bit values and weights as pairs of QuantizeLinear and DequantizeLinear, the form that runtimes recognize.
/// </summary>
internal static class ExportInt8
{
    internal static void Write(NodeExport node, FakeQuantize quantize)
    {
        OnnxType type = quantize switch
        {
            { Low: 0 } and { IsByte: true } => OnnxType.UInt8,
            { IsByte: true } => OnnxType.Int8,
            _ => throw node.Unfit($"has a range that does not fit int8 or uint8 (got {quantize.Low} to "
                + $"{quantize.High})"),
        };
        string scale = node.Constant("scale", Tensor.Scalar(quantize.Scale));
        string zero =
            node.Graph.Constant($"{node.Node.Name}/zero_point", Tensor.From([quantize.Zero], Shape.Scalar), type);
        node.Result("DequantizeLinear", [node.Step("QuantizeLinear", [node.Inputs[0], scale, zero]), scale, zero]);
    }

    /// <summary>
    /// Returns the parameters of a node. An 8-bit weight becomes signed bytes followed by DequantizeLinear. The bias
    /// becomes int32 with scale (input scale x weight scale) if it is a multiple of that scale.
    /// </summary>
    internal static string[] Weights(NodeExport node)
    {
        if (node.Graph.ScalesOf(node.Node) is not { } scales)
        {
            return node.Weights;
        }

        IReadOnlyList<string> names = node.Node.Parameters;
        string weight = Weight(node, names[0], scales);
        return names.Count == 1 ? [weight] : [weight, Bias(node, names[1], scales) ?? node.Graph.Weight(names[1])];
    }

    private static string Weight(NodeExport node, string name, Tensor scales)
    {
        string written = node.Graph.Computed(name, out bool isNew);
        if (isNew)
        {
            Tensor weight = node.Graph.NumbersOf(name);
            string whole = node.Graph.Constant(
                $"{name}.int8", WholeNumbers(weight, scales, sbyte.MinValue, sbyte.MaxValue), OnnxType.Int8);
            string zero =
                node.Graph.Constant($"{name}.zero_point", Tensor.Zeros([scales.Count]).To(DType.Int32), OnnxType.Int8);
            node.Graph.Add(
                "DequantizeLinear", node.Graph.Free($"{name}/DequantizeLinear"),
                [whole, node.Graph.Constant($"{name}.scale", scales), zero], [written], ("axis", 0));
        }

        return written;
    }

    /// <summary>
    /// Returns null if the input is not 8-bit, the bias is not a multiple of the scales, or other nodes use it
    /// unquantized.
    /// </summary>
    private static string? Bias(NodeExport node, string name, Tensor scales)
    {
        const float Exact = 1e-6f;
        if (node.Graph.GridOf(node.Node.Inputs[0]) is not { } grid)
        {
            return null;
        }

        Tensor bias = node.Graph.NumbersOf(name), steps = scales * grid.Scale;
        ReadOnlySpan<float> numbers = bias.AsSpan<float>(), step = steps.AsSpan<float>();
        int[] whole = new int[numbers.Length];
        for (int i = 0; i < whole.Length; i++)
        {
            double multiple = (double)numbers[i] / step[i], rounded = Math.Round(multiple);
            if (!(Math.Abs(multiple - rounded) <= Exact * Math.Max(1, Math.Abs(rounded))
                && Math.Abs(rounded) < int.MaxValue))
            {
                return null;
            }

            whole[i] = (int)rounded;
        }

        string written = node.Graph.Computed(name, out bool isNew);
        if (isNew)
        {
            string[] inputs = [node.Graph.Constant(
                $"{name}.int32", Tensor.From(whole, bias.Shape)), node.Graph.Constant($"{name}.scale", steps)];
            node.Graph.Add(
                "DequantizeLinear", node.Graph.Free($"{name}/DequantizeLinear"), inputs, [written], ("axis", 0));
        }

        return written;
    }

    private static Tensor WholeNumbers(Tensor weight, Tensor scales, int low, int high)
    {
        ReadOnlySpan<float> values = weight.AsSpan<float>(), scale = scales.AsSpan<float>();
        int[] whole = new int[values.Length];
        for (int i = 0, length = values.Length / Math.Max(1, scale.Length); i < whole.Length; i++)
        {
            whole[i] = (int)Math.Clamp(MathF.Round(values[i] / scale[i / length]), low, high);
        }

        return Tensor.From(whole, weight.Shape);
    }
}
