using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Preprocessing that travels with the network: <c>(scale x - mean) / deviation</c> for each channel (axis 1), and the
/// channels in another order first where the network was trained on, say, BGR.
/// </summary>
/// <remarks>Takes float32 or uint8 values.</remarks>
public sealed record Normalize : Operator
{
    private (Tensor Mean, Tensor Variance, Tensor Scale, Tensor Shift)? _constants;
    private Tensor? _order;

    /// <summary>Factor of every value: 1/255 turns bytes into 0 to 1.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>One for each channel, subtracted after scaling.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>One for each channel, positive; divides last.</summary>
    public required IReadOnlyList<float> Deviation { get; init; }

    /// <summary>For each channel that comes out the channel that goes in; empty: as they are.</summary>
    public IReadOnlyList<int> ChannelOrder { get; init; } = [];

    /// <inheritdoc/>
    public override string Kind => "Normalize";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        Shape x = inputs[0];
        bool orderFits = ChannelOrder.Count == 0 || ChannelOrder.Order().SequenceEqual(Enumerable.Range(0, Mean.Count));
        bool fits = orderFits && Mean.Count == Deviation.Count && Deviation.All(d => d > 0) && Scale != 0
            && x.Rank >= 2 && x[1] == Mean.Count;
        return fits
            ? x
            : throw new ShapeMismatchException(
                node, x, $"[N, {Mean.Count}, ...], a positive deviation for each of the {Mean.Count} means, a scale, "
                    + "an order of all channels");
    }

    internal static Normalize From(OperatorAttributes attributes) => new()
    {
        Scale = attributes.Float("scale", 1),
        Mean = attributes.Floats("mean"),
        Deviation = attributes.Floats("deviation"),
        ChannelOrder = attributes.Ints("channel_order", []),
    };

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) =>
        inputs[0] is DType.Float32 or DType.UInt8
        ? DType.Float32
        : throw new ArgumentException($"{node}: needs float32 or uint8 values (got {inputs[0]}); convert them first");

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(1);

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X.To(DType.Float32);
        if (ChannelOrder.Count > 0)
        {
            x = x.IndexSelect(
                1, _order ??= Tensor.From([.. ChannelOrder.Select(channel => (long)channel)], [ChannelOrder.Count]));
        }

        // (s x - m) / d = (x - m / s) / (d / s): a batch normalization with these statistics and no epsilon.
        (Tensor mean, Tensor variance, Tensor scale, Tensor shift) = _constants ??= Constants();
        return x.BatchNorm(scale, shift, mean, variance, epsilon: 0);
    }

    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes attributes = OperatorAttributes.Empty
            .With("scale", Scale).With("mean", Mean.ToArray()).With("deviation", Deviation.ToArray());
        return ChannelOrder.Count == 0 ? attributes : attributes.With("channel_order", ChannelOrder.ToArray());
    }

    private (Tensor Mean, Tensor Variance, Tensor Scale, Tensor Shift) Constants()
    {
        Shape channels = [Mean.Count];
        return (
            Tensor.From([.. Mean.Select(m => m / Scale)], channels),
            Tensor.From([.. Deviation.Select(d => d / Scale * (d / Scale))], channels),
            Tensor.Full(channels, MathF.Sign(Scale) * 1f),
            Tensor.Zeros(channels));
    }
}

public sealed partial class Value
{
    /// <summary>Adds preprocessing: <c>(scale x - mean) / deviation</c> for each channel.</summary>
    /// <param name="mean">One for each channel.</param>
    /// <param name="deviation">One for each channel, positive.</param>
    /// <param name="scale">Factor of every value, before the mean is subtracted.</param>
    /// <param name="name">Name of the node.</param>
    public Value Normalize(
        IReadOnlyList<float> mean, IReadOnlyList<float> deviation, float scale = 1, string? name = null) =>
        Apply(new Normalize { Mean = [.. mean], Deviation = [.. deviation], Scale = scale }, name);
}
