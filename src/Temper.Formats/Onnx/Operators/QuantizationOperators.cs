using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports quantization as arithmetic on integers held in float32. A quantization followed by a dequantization with the
/// same scale becomes a <see cref="FakeQuantize"/>.
/// </summary>
internal static class QuantizationOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("QuantizeLinear", QuantizeLinear),
        ElementwiseOperators.Row("DequantizeLinear", DequantizeLinear),
    ];

    private static void QuantizeLinear(NodeImport node)
    {
        Value x = node.Input(0);
        _ = node.Int("saturate", 1);
        RefuseBlocks(node);
        OnnxType type = node.Has(2)
            ? node.Fixed(2, "the zero point").Type
            : (OnnxType)node.Int("output_dtype", (long)OnnxType.UInt8);
        _ = node.Int("output_dtype", 0);
        (int low, int high) = type switch
        {
            OnnxType.UInt8 => (0, 255),
            OnnxType.Int8 => (-128, 127),
            OnnxType.UInt16 => (0, 65535),
            OnnxType.Int16 => (-32768, 32767),
            _ => throw node.Bad($"quantizes to {type}, which is not supported (expected UInt8, Int8, UInt16 or Int16)"),
        };
        int axis = (int)node.Int("axis", 1);
        if (NumbersOf(node) is { } numbers)
        {
            node.SetQuantizedBy(0, new FakeQuantize(numbers.Scale, numbers.Zero) { Low = low, High = high });
        }

        Value zero = node.Has(2) ? Along(node, 2, x, axis) : node.Constant(Tensor.Scalar(0f), "zero_point");
        node.SetQuantized(0, node.Add(new Quantize(low, high), x, Along(node, 1, x, axis), zero), type);
    }

    private static void DequantizeLinear(NodeImport node)
    {
        RefuseBlocks(node);
        _ = node.Int("output_dtype", 0);
        int axis = (int)node.Int("axis", 1);
        if (node.QuantizedBy(0) is { } made
            && NumbersOf(node) is { } numbers && (numbers.Scale, numbers.Zero) == (made.By.Scale, made.By.Zero))
        {
            node.Result(made.By, made.Source);
            return;
        }

        Value x = node.AsFloat(node.QuantizedInput(0));
        if (node.Has(2))
        {
            x = node.Add(new Subtract(), x, Along(node, 2, x, axis));
        }

        node.Result(new Multiply(), x, Along(node, 1, x, axis));
    }

    /// <summary>
    /// Returns a quantized constant, computed in float32, as initializers of its type are read: uint8, else int32.
    /// </summary>
    internal static Tensor Whole(Tensor value, OnnxType type) =>
        value.To(type == OnnxType.UInt8 ? DType.UInt8 : DType.Int32);

    /// <summary>
    /// Returns the scales of a constant that DequantizeLinear computes from int8 with zero points of 0; null for any
    /// other.
    /// </summary>
    internal static (Tensor Scales, int Axis)? Int8Of(OnnxNode node, IReadOnlyList<Known> known)
    {
        if (node.OperatorType is not "DequantizeLinear" || known.Count < 2
            || known[0] is not { IsFixed: true, Type: OnnxType.Int8 } x
            || known[1] is not { IsFixed: true, First: { DType: DType.Float32, Rank: <= 1 } scales }
            || (known.Count > 2 && known[2].First.To(DType.Float32).AsSpan<float>().ContainsAnyExcept(0f))
            || scales.AsSpan<float>().ContainsAnyExceptInRange(1.17549435e-38f, float.MaxValue))
        {
            return null;
        }

        long axis = node.Attributes.TryGetValue("axis", out OnnxAttribute? attribute) && attribute.Value is long given
            ? given
            : 1;
        return (scales, (int)(axis < 0 ? axis + x.First.Rank : axis));
    }

    /// <summary>Returns scale and zero point of a node if both are known scalars; else null.</summary>
    private static (float Scale, int Zero)? NumbersOf(NodeImport node)
    {
        if (!node.IsKnown(1) || node.Fixed(1, "the scale").First is not { Count: 1, DType: DType.Float32 } scale
            || (node.Has(2) && !node.IsKnown(2)))
        {
            return null;
        }

        Tensor? zero = node.Has(2) ? node.Fixed(2, "the zero point").First : null;
        float number = scale.ToArray<float>()[0];
        return zero is null or { Count: 1 } && float.IsNormal(number) && number > 0
            ? (number, zero is null ? 0 : (int)zero.To(DType.Float32).ToArray<float>()[0])
            : null;
    }

    private static void RefuseBlocks(NodeImport node)
    {
        if (node.Int("block_size", 0) != 0)
        {
            throw node.Bad("attribute 'block_size' (one scale per block of an axis) is not supported");
        }
    }

    /// <summary>Returns the scale or zero point in float32: a scalar, or one element per index of an axis.</summary>
    private static Value Along(NodeImport node, int input, Value x, int axis)
    {
        if (node.IsKnown(input))
        {
            Tensor numbers = node.Fixed(input, "scale and zero point").First.To(DType.Float32);
            return node.Constant(numbers.Reshape(Shape.Create(Lengths(node, numbers.Shape, x, axis))), input == 1
                ? "scale"
                : "zero_point");
        }

        Value given = node.AsFloat(node.Input(input));
        return node.Add(ShapeOperators.To(given, Lengths(node, given.Shape, x, axis)), given);
    }

    private static int[] Lengths(NodeImport node, Shape numbers, Value x, int axis)
    {
        if (numbers.Rank > 1)
        {
            throw node.Bad($"a scale or zero point has several axes (got {numbers}, expected a scalar, or one element "
                + "per index of an axis)");
        }

        if (numbers.Count == 1)
        {
            return [];
        }

        int at = ShapeOperators.Axis(node, axis, x.Shape.Rank);
        return [.. Enumerable.Range(0, x.Shape.Rank).Select(i => i == at ? numbers[0] : 1)];
    }
}
