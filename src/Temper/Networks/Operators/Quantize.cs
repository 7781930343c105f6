using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Inputs x, scale and zero point, which broadcast to x: <c>clamp(round(x / scale) + zero point, low, high)</c>, whole
/// numbers in float32 (ONNX QuantizeLinear; what takes them back multiplies). The gradient goes straight through where
/// nothing is clamped.
/// </summary>
/// <param name="Low">Smallest result: 0 or -128 for bytes.</param>
/// <param name="High">Largest result.</param>
public sealed record Quantize(int Low, int High) : Operator
{
    /// <inheritdoc/>
    public override string Kind => "QuantizeLinear";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (3, 3);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape shape = Shape.Broadcast(Shape.Broadcast(inputs[0], inputs[1], node), inputs[2], node);
        return shape.Equals(inputs[0])
            ? shape
            : throw new ShapeMismatchException(
                node, inputs[0], inputs[1], "scale and zero point must broadcast to the first shape");
    }

    internal static Quantize From(OperatorAttributes attributes) => new(attributes.Int("low"), attributes.Int("high"));

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        AxisAttributes.BroadcastKeepsSamplesApart(inputs, output);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Broadcast();

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor scaled = context.X / context.Inputs[1];
        Tensor rounded = scaled + (scaled.Detach().Round() - scaled.Detach());
        return (rounded + context.Inputs[2]).Clamp(Low, High);
    }

    private protected override OperatorAttributes Attributes() =>
        OperatorAttributes.Empty.With("low", Low).With("high", High);
}
