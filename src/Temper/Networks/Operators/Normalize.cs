using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Input preprocessing saved with the network: <c>(scale x - mean) / deviation</c> per channel (axis 1). Channels can
/// be reordered first, for example for a network trained on BGR images.
/// </summary>
/// <remarks>Accepts float32 or uint8 inputs; the result is float32.</remarks>
public sealed record Normalize : Operator
{
    private Constants? _kept;

    /// <summary>Factor applied to every value first, for example 1/255 for byte pixels. Default: 1.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Mean of each channel, subtracted after scaling.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>
    /// Standard deviation of each channel, above 0; each channel is divided by it after scaling and subtracting the
    /// mean.
    /// </summary>
    public required IReadOnlyList<float> Deviation { get; init; }

    /// <summary>
    /// For each output channel, the index of its input channel; empty (default): the order is unchanged.
    /// </summary>
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
                node, x, $"[N, {Mean.Count}, ...], one deviation above 0 for each of the {Mean.Count} means, a "
                    + "nonzero scale, and a channel order that is empty or contains each channel once");
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
        : throw new ArgumentException($"{node}: wrong input dtype (got {inputs[0]}, expected Float32 or UInt8); "
            + "convert it first");

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Keep(1);

    internal override Tensor Forward(in NodeContext context)
    {
        // A copy of the record (with) has the tensors of the original, so they are used by their owner only.
        Constants kept = _kept is { } found && ReferenceEquals(found.Owner, this) ? found : _kept = new Constants(this);
        Tensor x = context.X.To(DType.Float32);
        x = kept.Order is null ? x : x.IndexSelect(1, kept.Order);

        // (s x - m) / d = (x - m / s) / (d / s), which is batch normalization with these statistics and epsilon 0.
        return x.BatchNorm(kept.Scale, kept.Shift, kept.Mean, kept.Variance, epsilon: 0);
    }

    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes attributes = OperatorAttributes.Empty
            .With("scale", Scale).With("mean", Mean.ToArray()).With("deviation", Deviation.ToArray());
        return ChannelOrder.Count == 0 ? attributes : attributes.With("channel_order", ChannelOrder.ToArray());
    }

    /// <summary>Tensors of a record's values, in one object, so that a thread sees all of them or none.</summary>
    private sealed class Constants(Normalize owner)
    {
        internal Normalize Owner { get; } = owner;

        internal Tensor Mean { get; } = Tensor.From([.. owner.Mean.Select(m => m / owner.Scale)], [owner.Mean.Count]);

        internal Tensor Variance { get; } = Tensor.From(
            [.. owner.Deviation.Select(d => d / owner.Scale * (d / owner.Scale))], [owner.Mean.Count]);

        internal Tensor Scale { get; } = Tensor.Full([owner.Mean.Count], MathF.Sign(owner.Scale) * 1f);

        internal Tensor Shift { get; } = Tensor.Zeros([owner.Mean.Count]);

        internal Tensor? Order { get; } = owner.ChannelOrder.Count == 0 ? null : Tensor.From(
            [.. owner.ChannelOrder.Select(channel => (long)channel)], [owner.ChannelOrder.Count]);
    }
}

public sealed partial class Value
{
    /// <summary>Adds preprocessing: <c>(scale x - mean) / deviation</c> per channel.</summary>
    /// <param name="mean">Mean of each channel.</param>
    /// <param name="deviation">Standard deviation of each channel, above 0.</param>
    /// <param name="scale">Factor applied to every value before the mean is subtracted.</param>
    /// <param name="name">Name of the node.</param>
    public Value Normalize(
        IReadOnlyList<float> mean, IReadOnlyList<float> deviation, float scale = 1, string? name = null) =>
        Apply(new Normalize { Mean = [.. mean], Deviation = [.. deviation], Scale = scale }, name);
}
