using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// An elementwise operator with one input: the result has the input's shape, and there are no parameters.
/// </summary>
public abstract record ElementwiseOperator : Operator
{
    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) => inputs[0];

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep();
}
