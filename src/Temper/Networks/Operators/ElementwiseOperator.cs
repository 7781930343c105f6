using Temper.Tensors;

namespace Temper.Networks;

/// <summary>An operator that maps each element alone: shape in, shape out, no parameters.</summary>
public abstract record ElementwiseOperator : Operator
{
    /// <inheritdoc/>
    public sealed override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => inputs[0];

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep();
}
