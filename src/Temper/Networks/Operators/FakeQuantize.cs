using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A value as it comes back from whole numbers: <c>scale (clamp(round(x / scale) + zero, low, high) - zero)</c>, in
/// ONNX QuantizeLinear and DequantizeLinear behind each other. In float32, so that a network can be trained on; a
/// compiled network keeps such values as bytes.
/// </summary>
/// <param name="Scale">Quantization step, positive.</param>
/// <param name="Zero">Zero point: the integer that stands for 0.</param>
public sealed record FakeQuantize(float Scale, int Zero) : ElementwiseOperator
{
    /// <summary>Smallest integer; 0 by default, that of an unsigned byte.</summary>
    public int Low { get; init; }

    /// <summary>Largest integer; 255 by default.</summary>
    public int High { get; init; } = byte.MaxValue;

    /// <inheritdoc/>
    public override string Kind => "FakeQuantize";

    internal override string DefaultName => "quantize";

    /// <summary>Whether the whole numbers are all unsigned or all signed bytes.</summary>
    internal bool IsByte => (Low, High) is (byte.MinValue, byte.MaxValue) or (sbyte.MinValue, sbyte.MaxValue);

    internal static FakeQuantize From(OperatorAttributes attributes)
    {
        var read = new FakeQuantize(attributes.Float("scale"), attributes.Int("zero_point"))
        {
            Low = attributes.Int("low", 0), High = attributes.Int("high", byte.MaxValue),
        };
        FakeQuantizeFunction.Check(read.Scale, read.Zero, read.Low, read.High);
        return read;
    }

    internal override Tensor Forward(in NodeContext context) => context.X.FakeQuantize(Scale, Zero, Low, High);

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("scale", Scale).With("zero_point", Zero).With("low", Low).With("high", High);
}

/// <summary>Weights of 8 bit: whole numbers from -128 to 127 times a scale for each output.</summary>
internal static class Int8Weight
{
    /// <summary>The attribute of layers whose weight is rounded so.</summary>
    internal const string Attribute = "int8_weight";

    /// <summary>The buffer that holds the scales.</summary>
    internal static IReadOnlyList<BufferSpec> Buffers(bool isInt8, int outputs) =>
        isInt8 ? [new BufferSpec("weight_scale", [outputs], DType.Float32, 1)] : [];

    /// <summary>The weight as the layer multiplies with it.</summary>
    /// <param name="weight"><c>[O, ...]</c>.</param>
    /// <param name="scales"><c>[O]</c>.</param>
    internal static Tensor Rounded(Tensor weight, Tensor scales) =>
        weight.FakeQuantize(scales, sbyte.MinValue, sbyte.MaxValue);

    /// <summary>The scales of a node's weight; null where it has none of 8 bit.</summary>
    internal static Tensor? ScalesOf(this Network network, Node node) =>
        node.Operator is Conv2d { HasInt8Weight: true } or Linear { HasInt8Weight: true }
            ? network.Buffers[node.Buffers[0]]
            : null;
}
