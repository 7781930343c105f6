using Temper.Networks;
using Temper.Tensors;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Operator that exchanges a value between ranks. The forward pass copies and the backward pass sums, or vice versa.
/// </summary>
/// <param name="Exchange">The exchange between the two layouts.</param>
/// <param name="IsGather">True: the forward pass copies (owned to spread); false: it sums.</param>
internal sealed record ShardTransfer(ShardExchange Exchange, bool IsGather) : Operator
{
    public override string Kind => IsGather ? "GatherShards" : "SumShards";

    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        inputs[0].With(
            axis: 1, inputs[0][1] / Exchange.ChannelsOf(isSpread: !IsGather) * Exchange.ChannelsOf(isSpread: IsGather));

    internal override Tensor Forward(in NodeContext context) =>
        new TransferOperation(context.X, Exchange, IsGather).Apply();

    private sealed class TransferOperation(Tensor x, ShardExchange exchange, bool isGather) : Operation(x)
    {
        protected override Tensor Forward() => isGather ? exchange.Gather(x) : exchange.Sum(x);

        internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
        {
            if (inputs.Wants(0))
            {
                inputs.Add(0, isGather ? exchange.Sum(gradient) : exchange.Gather(gradient));
            }
        }
    }
}

/// <summary>Selects this rank's samples and channels of the input data, which every rank reads completely.</summary>
/// <param name="Step">Shared state; receives the number of samples for the other operators.</param>
/// <param name="Layout">Layout that the first layer needs.</param>
internal sealed record TakeShard(ShardStep Step, ShardLayout Layout) : Operator
{
    public override string Kind => "TakeShard";

    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node) =>
        inputs[0].With(1, Channels(inputs[0][1]).Length);

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        Step.Samples = x.Shape[0];
        int[] samples = ShardLayout.Indices(x.Shape[0], Layout.Samples, Step.Hierarchy, Step.Ranks.Rank),
            channels = Channels(x.Shape[1]);
        int inner = 1;
        for (int axis = 2; axis < x.Shape.Rank; axis++)
        {
            inner *= x.Shape[axis];
        }

        Tensor result = Tensor.Allocate(x.Shape.With(0, samples.Length).With(1, channels.Length));
        ReadOnlySpan<float> values = x.ToRowMajor().Physical();
        Span<float> taken = result.Writable();
        int place = 0;
        foreach (int sample in samples)
        {
            foreach (int channel in channels)
            {
                values.Slice(((sample * x.Shape[1]) + channel) * inner, inner).CopyTo(taken[place..]);
                place += inner;
            }
        }

        return result;
    }

    private int[] Channels(int length) => ShardLayout.Indices(length, Layout.Channels, Step.Hierarchy, Step.Ranks.Rank);
}
