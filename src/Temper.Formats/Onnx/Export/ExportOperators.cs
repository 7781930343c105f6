using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>What each operator is in ONNX.</summary>
internal static class ExportOperators
{
    private const int LayerNormOpset = 17;
    private const int GridSampleOpset = 16;
    private const int GroupNormOpset = 21;
    internal const int AxesAsInputOpset = 18;

    /// <exception cref="NotSupportedException">The operator set has nothing for it.</exception>
    internal static void Write(NodeExport node)
    {
        switch (node.Node.Operator)
        {
            case Conv2d
                or Conv3d
                or ConvTranspose2d
                or ConvTranspose3d
                or Pool2d
                or Pool3d
                or GlobalAvgPool2d
                or AdaptiveAvgPool2d:
                ExportWindows.Write(node);
                break;
            case Linear linear:
                Write(node, linear);
                break;
            case BatchNorm norm:
                node.Result("BatchNormalization",
                [
                    .. node.Inputs, .. node.Node.Parameters.Concat(node.Node.Buffers).Take(4).Select(node.Graph.Weight),
                ], ("epsilon", norm.Epsilon), ("momentum", 1 - norm.Momentum));
                break;
            case LayerNorm norm:
                Write(node, norm);
                break;
            case GroupNorm norm:
                Write(node, norm);
                break;
            case GridSample sample:
                Write(node, sample);
                break;
            case Normalize normalize:
                Write(node, normalize);
                break;
            case Networks.Reshape
                or Networks.Flatten
                or Permute
                or Networks.Pad
                or Slice
                or Networks.Expand
                or Concatenate
                or Gather
                or GatherElements:
                ExportShapes.Write(node);
                break;
            case Reduce reduce:
                Write(node, reduce);
                break;
            case ArgExtreme arg:
                node.Result(
                    arg.Kind, node.Inputs, ("axis", arg.Axis), ("keepdims", arg.KeepAxis),
                    ("select_last_index", arg.TakesLast));
                break;
            case TopK top:
                Write(node, top);
                break;
            case Winners winners:
                ExportWinners.Write(node, winners);
                break;
            case Resize resize:
                Write(node, resize);
                break;
            case Quantize quantize:
                Write(node, quantize);
                break;
            case FakeQuantize quantize:
                ExportInt8.Write(node, quantize);
                break;
            case Cast cast:
                node.Result("Cast", node.Inputs, ("to", (int)TypeOf(cast.DType)));
                break;
            default:
                WriteElementwise(node);
                break;
        }
    }

    internal static OnnxType TypeOf(DType type) => type switch
    {
        DType.Float32 => OnnxType.Float,
        DType.Int64 => OnnxType.Int64,
        DType.Int32 => OnnxType.Int32,
        DType.UInt8 => OnnxType.UInt8,
        _ => OnnxType.Bool,
    };

    private static void Write(NodeExport node, Resize resize)
    {
        int rank = node.InputShape.Rank, axis = resize.Axis < 0 ? resize.Axis + rank : resize.Axis;
        float scale = resize.Scale > 0 ? resize.Scale : (float)resize.Length / node.InputShape[axis];
        string scales = node.Constant(
            "scales", Tensor.From((float[])[.. Enumerable.Range(0, rank).Select(i => i == axis ? scale : 1)], [rank]));
        if ((int)MathF.Floor(node.InputShape[axis] * scale) != resize.Length)
        {
            throw node.Unfit(
                $"has a length that no scale gives in float32 (got {resize.Length} of {node.InputShape[axis]})");
        }

        node.Result(
            "Resize", [node.Inputs[0], "", scales], ("mode", resize.Mode.ToString().ToLowerInvariant()),
            ("coordinate_transformation_mode", Snake($"{resize.Coordinates}")),
            ("nearest_mode", Snake($"{resize.Rounding}")));
    }

    /// <summary>Quantized to integers and, since the network holds them in float32, cast back.</summary>
    private static void Write(NodeExport node, Quantize quantize)
    {
        OnnxType type = (quantize.Low, quantize.High) switch
        {
            (byte.MinValue, byte.MaxValue) => OnnxType.UInt8,
            (sbyte.MinValue, sbyte.MaxValue) => OnnxType.Int8,
            _ => throw node.Unfit($"has a range that is no byte's (got {quantize.Low} to {quantize.High})"),
        };
        if (node.Graph.ConstantOf(node.Node.Inputs[1]) is not { } scale
            || node.Graph.ConstantOf(node.Node.Inputs[2]) is not { } zero)
        {
            throw node.Unfit("has a scale or zero point that is computed, which ONNX does not know");
        }

        int axis = Math.Max(0, Array.FindIndex([.. scale.Shape], length => length > 1));
        Shape numbers = scale.Count == 1 ? Shape.Scalar : [scale.Count];
        Tensor zeros = zero.Count == scale.Count ? zero.Reshape(numbers) : zero.Reshape(Shape.Scalar).Expand(numbers);
        string[] inputs = [node.Inputs[0], node.Constant("scale", scale.Reshape(numbers)), node.Graph.Constant(
            $"{node.Node.Name}/zero_point", zeros.To(DType.Int32), type)];
        node.Result("Cast", [node.Step("QuantizeLinear", inputs, ("axis", axis))], ("to", (int)OnnxType.Float));
    }

    /// <summary>HalfPixel as half_pixel.</summary>
    private static string Snake(string words) => string.Concat(words.Select((c, i) => char.IsUpper(c)
        && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static void WriteElementwise(NodeExport node)
    {
        switch (node.Node.Operator)
        {
            case LeakyRelu leaky: node.Result("LeakyRelu", node.Inputs, ("alpha", leaky.Slope)); break;
            case Elu elu: node.Result("Elu", node.Inputs, ("alpha", elu.Alpha)); break;
            case Celu celu: node.Result("Celu", node.Inputs, ("alpha", celu.Alpha)); break;
            case Selu selu: node.Result("Selu", node.Inputs, ("alpha", selu.Alpha), ("gamma", selu.Gamma)); break;
            case HardSigmoid hard: node.Result("HardSigmoid", node.Inputs, ("alpha", hard.Alpha), ("beta", hard.Beta));
            break;
            case Softmax softmax: node.Result("Softmax", node.Inputs, ("axis", softmax.Axis)); break;
            case LogSoftmax softmax: node.Result("LogSoftmax", node.Inputs, ("axis", softmax.Axis)); break;
            case Dropout dropout: node.Result(
                "Dropout", [.. node.Inputs, node.Constant("ratio", Tensor.Scalar(dropout.Rate))]); break;
            case Clip clip: Write(node, clip); break;
            case Gelu gelu: Write(node, gelu); break;
            case Pointwise { Function: PointwiseFunction.Swish }: node.Result(
                "Mul", [node.Inputs[0], node.Step("Sigmoid", node.Inputs)]); break;
            case Pointwise { Function: PointwiseFunction.Mish }:
                node.Result("Mul", [node.Inputs[0], node.Step("Tanh", [node.Step("Softplus", node.Inputs)])]);
                break;
            case Pointwise { Function: PointwiseFunction.HardSwish } when node.Opset < 14:
                node.Result(
                    "Mul", [node.Inputs[0], node.Step("HardSigmoid", node.Inputs, ("alpha", 1f / 6), ("beta", 0.5f))]);
                break;
            case Pointwise or Relu or Networks.Tanh or Sigmoid or Softplus or BinaryOperator or MatMul or Where:
                node.Result(node.Node.Operator.Kind, node.Inputs);
                break;
            default:
                throw node.Unfit("has no counterpart in ONNX; replace it before exporting");
        }
    }

    private static void Write(NodeExport node, Linear linear)
    {
        string[] weights = ExportInt8.Weights(node);
        if (node.InputShape.Rank == 2)
        {
            node.Result("Gemm", [.. node.Inputs, .. weights], ("transB", 1));
            return;
        }

        string transposed = node.Step("Transpose", [weights[0]], ("perm", new[] { 1, 0 }));
        if (linear.HasBias)
        {
            node.Result("Add", [node.Step("MatMul", [node.Inputs[0], transposed]), weights[1]]);
        }
        else
        {
            node.Result("MatMul", [node.Inputs[0], transposed]);
        }
    }

    private static void Write(NodeExport node, LayerNorm norm)
    {
        if (node.Opset < LayerNormOpset)
        {
            throw node.Unfit($"needs opset {LayerNormOpset} (got {node.Opset}); export with a newer one");
        }

        node.Result(
            "LayerNormalization", [.. node.Inputs, .. node.Weights], ("axis", -norm.Axes), ("epsilon", norm.Epsilon));
    }

    /// <summary>
    /// Set 18 defined a scale for each group, set 21 one for each channel: before that the groups are the channels of
    /// an instance normalization.
    /// </summary>
    private static void Write(NodeExport node, GroupNorm norm)
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

    private static void Write(NodeExport node, GridSample sample)
    {
        if (node.Opset < GridSampleOpset)
        {
            throw node.Unfit($"needs opset {GridSampleOpset} (got {node.Opset}); export with a newer one");
        }

        GridSampleOptions options = sample.Options;
        string linear = node.Opset >= 20 ? "linear" : "bilinear";
        node.Result(
            "GridSample", node.Inputs,
            ("mode", options.Interpolation == GridInterpolation.Nearest ? "nearest" : linear),
            ("padding_mode", Snake($"{options.Padding}")), ("align_corners", options.AlignCorners));
    }

    /// <summary>(s x - m) / d = x s / d - m / d for each channel, the channels put in order before.</summary>
    private static void Write(NodeExport node, Normalize normalize)
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

    private static void Write(NodeExport node, Reduce reduce)
    {
        bool asInput = node.Opset >= (reduce.Reduction == Reduction.Sum ? 13 : AxesAsInputOpset);
        if (reduce.Axes.Count == 0)
        {
            throw node.Unfit("reduces no axes; leave it out");
        }

        if (asInput)
        {
            node.Result(
                reduce.Kind, [.. node.Inputs, node.Constant("axes", [.. reduce.Axes])], ("keepdims", reduce.KeepAxes));
        }
        else
        {
            node.Result(reduce.Kind, node.Inputs, ("axes", reduce.Axes.ToArray()), ("keepdims", reduce.KeepAxes));
        }
    }

    private static void Write(NodeExport node, TopK top)
    {
        string other = node.Graph.Free($"{node.Node.Name}/other");
        node.Graph.Add(
            "TopK", node.Node.Name, [.. node.Inputs, node.Constant("k", top.Count)],
            top.GivesIndices ? [other, node.Output] : [node.Output, other], ("axis", top.Axis),
            ("largest", !top.IsSmallest));
    }

    private static void Write(NodeExport node, Clip clip)
    {
        string low = float.IsFinite(clip.Minimum) ? node.Constant("min", Tensor.Scalar(clip.Minimum)) : "";
        string[] high = float.IsFinite(clip.Maximum) ? [node.Constant("max", Tensor.Scalar(clip.Maximum))] : [];
        node.Result("Clip", [node.Inputs[0], .. low.Length > 0 || high.Length > 0 ? (string[])[low] : [], .. high]);
    }

    /// <summary>An operator of its own since opset 20; before, its formula.</summary>
    private static void Write(NodeExport node, Gelu gelu)
    {
        string x = node.Inputs[0];
        if (node.Opset >= 20)
        {
            node.Result("Gelu", node.Inputs, ("approximate", gelu.IsApproximate ? "tanh" : "none"));
            return;
        }

        string inner = gelu.IsApproximate
            ? node.Step("Mul", [node.Step("Add",
            [
                x, node.Step("Mul", [node.Step("Mul", [node.Step("Mul", [x, x]), x]), Number("cubic", 0.044715f)]),
            ]), Number("root", MathF.Sqrt(2 / MathF.PI))])
            : node.Step("Mul", [x, Number("root", 1 / MathF.Sqrt(2))]);
        string sign = node.Step(gelu.IsApproximate ? "Tanh" : "Erf", [inner]);
        node.Result("Mul", [node.Step("Mul", [x, Number("half", 0.5f)]), node.Step("Add", [sign, Number("one", 1)])]);

        string Number(string name, float value) => node.Constant(name, Tensor.Scalar(value));
    }
}
