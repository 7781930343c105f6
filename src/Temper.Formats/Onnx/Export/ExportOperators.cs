using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Exports each operator to ONNX.</summary>
internal static class ExportOperators
{
    private const int GridSampleOpset = 16;
    private const int SymmetricResizeOpset = 19;
    private const int BoolReductionOpset = 20;
    internal const int AxesAsInputOpset = 18;

    /// <exception cref="NotSupportedException">The operator set has no equivalent.</exception>
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
                ExportNormalization.Write(node, norm);
                break;
            case LayerNorm norm:
                ExportNormalization.Write(node, norm);
                break;
            case GroupNorm norm:
                ExportNormalization.Write(node, norm);
                break;
            case GridSample sample:
                Write(node, sample);
                break;
            case Normalize normalize:
                ExportNormalization.Write(node, normalize);
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
                ExportElementwise.Write(node);
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
        if (resize.Coordinates == ResizeCoordinates.HalfPixelSymmetric && node.Opset < SymmetricResizeOpset)
        {
            throw node.Unfit($"uses half_pixel_symmetric coordinates, which need opset {SymmetricResizeOpset} (got "
                + $"{node.Opset}); export with a newer opset");
        }

        int rank = node.InputShape.Rank, axis = resize.Axis < 0 ? resize.Axis + rank : resize.Axis;
        float scale = resize.Scale > 0 ? resize.Scale : (float)resize.Length / node.InputShape[axis];
        string scales = node.Constant(
            "scales", Tensor.From((float[])[.. Enumerable.Range(0, rank).Select(i => i == axis ? scale : 1)], [rank]));
        if ((int)MathF.Floor(node.InputShape[axis] * scale) != resize.Length)
        {
            throw node.Unfit(
                $"has an output length that no float32 scale produces (got {resize.Length} of "
                    + $"{node.InputShape[axis]})");
        }

        node.Result(
            "Resize", [node.Inputs[0], "", scales], ("mode", resize.Mode.ToString().ToLowerInvariant()),
            ("coordinate_transformation_mode", Snake($"{resize.Coordinates}")),
            ("nearest_mode", Snake($"{resize.Rounding}")));
    }

    /// <summary>
    /// Exports quantization to integers, followed by a cast, because the network holds them in float32.
    /// </summary>
    private static void Write(NodeExport node, Quantize quantize)
    {
        OnnxType type = (quantize.Low, quantize.High) switch
        {
            (byte.MinValue, byte.MaxValue) => OnnxType.UInt8,
            (sbyte.MinValue, sbyte.MaxValue) => OnnxType.Int8,
            _ => throw node.Unfit($"has a range that does not fit int8 or uint8 (got {quantize.Low} to "
                + $"{quantize.High})"),
        };
        if (node.Graph.ConstantOf(node.Node.Inputs[1]) is not { } scale
            || node.Graph.ConstantOf(node.Node.Inputs[2]) is not { } zero)
        {
            throw node.Unfit("has a computed scale or zero point, which the export does not support");
        }

        int axis = Math.Max(0, Array.FindIndex([.. scale.Shape], length => length > 1));
        Shape numbers = scale.Count == 1 ? Shape.Scalar : [scale.Count];
        Tensor zeros = zero.Count == scale.Count ? zero.Reshape(numbers) : zero.Reshape(Shape.Scalar).Expand(numbers);
        string[] inputs = [node.Inputs[0], node.Constant("scale", scale.Reshape(numbers)), node.Graph.Constant(
            $"{node.Node.Name}/zero_point", zeros.To(DType.Int32), type)];
        node.Result("Cast", [node.Step("QuantizeLinear", inputs, ("axis", axis))], ("to", (int)OnnxType.Float));
    }

    /// <summary>Converts a name to snake case: HalfPixel becomes half_pixel.</summary>
    private static string Snake(string words) => string.Concat(words.Select((c, i) => char.IsUpper(c)
        && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

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

    private static void Write(NodeExport node, GridSample sample)
    {
        if (node.Opset < GridSampleOpset)
        {
            throw node.Unfit($"needs opset {GridSampleOpset} (got {node.Opset}); export with a newer opset");
        }

        GridSampleOptions options = sample.Options;
        string linear = node.Opset >= 20 ? "linear" : "bilinear";
        node.Result(
            "GridSample", node.Inputs,
            ("mode", options.Interpolation == GridInterpolation.Nearest ? "nearest" : linear),
            ("padding_mode", Snake($"{options.Padding}")), ("align_corners", options.AlignCorners));
    }

    private static void Write(NodeExport node, Reduce reduce)
    {
        bool asInput = node.Opset >= (reduce.Reduction == Reduction.Sum ? 13 : AxesAsInputOpset);
        if (reduce.Axes.Count == 0)
        {
            throw node.Unfit("reduces no axes; remove it");
        }

        if (node.Opset < BoolReductionOpset && node.Graph.InfoOf(node.Node.Inputs[0]).DType == DType.Bool)
        {
            throw node.Unfit($"reduces Boolean values, which needs opset {BoolReductionOpset} (got {node.Opset}); "
                + "export with a newer opset");
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
}
