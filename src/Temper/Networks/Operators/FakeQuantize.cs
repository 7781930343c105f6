using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Simulates quantization in float32: <c>scale (clamp(round(x / scale) + zero, low, high) - zero)</c>, which is ONNX
/// QuantizeLinear followed by DequantizeLinear. The network stays trainable; a compiled network stores such values as
/// bytes.
/// </summary>
/// <param name="Scale">Quantization step size, above 0.</param>
/// <param name="Zero">Zero point: the integer that represents 0.</param>
public sealed record FakeQuantize(float Scale, int Zero) : ElementwiseOperator
{
    /// <summary>Smallest integer. Default: 0, for unsigned bytes.</summary>
    public int Low { get; init; }

    /// <summary>Largest integer. Default: 255.</summary>
    public int High { get; init; } = byte.MaxValue;

    /// <inheritdoc/>
    public override string Kind => "FakeQuantize";

    internal override string DefaultName => "quantize";

    /// <summary>True if the integer range is exactly that of unsigned or of signed bytes.</summary>
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

/// <summary>Int8 weights: integers from -128 to 127 times one scale per output channel.</summary>
internal static class Int8Weight
{
    /// <summary>Name of the attribute of layers with an int8 weight.</summary>
    internal const string Attribute = "int8_weight";

    /// <summary>Returns the spec of the buffer with the scales; empty if the weight is not int8.</summary>
    internal static IReadOnlyList<BufferSpec> Buffers(bool isInt8, int outputs) =>
        isInt8 ? [new BufferSpec("weight_scale", [outputs], DType.Float32, 1)] : [];

    /// <summary>Returns the weight rounded to int8 multiples of its scales, as the layer uses it.</summary>
    /// <param name="weight"><c>[O, ...]</c>.</param>
    /// <param name="scales"><c>[O]</c>.</param>
    internal static Tensor Rounded(Tensor weight, Tensor scales) =>
        weight.FakeQuantize(scales, sbyte.MinValue, sbyte.MaxValue);

    /// <summary>Returns the scales of a node's weight; null if the weight is not int8.</summary>
    internal static Tensor? ScalesOf(this Network network, Node node) =>
        node.Operator is Conv2d { HasInt8Weight: true } or Linear { HasInt8Weight: true }
            ? network.Buffers[node.Buffers[0]]
            : null;
}
