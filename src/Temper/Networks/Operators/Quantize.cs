using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// ONNX QuantizeLinear, computed in float32: <c>clamp(round(x / scale) + zero point, low, high)</c>. Inputs: x, scale
/// and zero point; scale and zero point broadcast to x. Gradients are passed straight through the rounding and are zero
/// where values are clamped.
/// </summary>
/// <param name="Low">Smallest result, for example 0 or -128.</param>
/// <param name="High">Largest result, for example 255 or 127.</param>
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
