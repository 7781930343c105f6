using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Planning;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// State shared by all exchanges of a training step: the ranks and the number of samples of the batch, which changes
/// from step to step.
/// </summary>
/// <param name="ranks">All ranks.</param>
/// <param name="hierarchy">Hierarchy of the ranks.</param>
/// <param name="timeline">Timeline that records when ranks exchange values; null: not recorded.</param>
internal sealed class ShardStep(Communicator ranks, Hierarchy hierarchy, StepTimeline? timeline)
{
    internal Communicator Ranks => ranks;

    internal Hierarchy Hierarchy => hierarchy;

    /// <summary>Starts a span of the timeline.</summary>
    internal StepTimeline.Span Measure(string name) => timeline?.Begin(name) ?? default;

    /// <summary>Number of samples of the batch over all ranks.</summary>
    internal int Samples { get; set; }
}

/// <summary>
/// Converts a tensor <c>[N, C, ...]</c> between a layout in which each element is on one rank (owned) and one in which
/// several ranks hold the same elements (spread). Owned to spread copies; spread to owned sums. Only elements that a
/// rank does not have yet are sent.
/// </summary>
/// <param name="step">Ranks and number of samples.</param>
/// <param name="channels">Number of channels. A flattened image has several features per channel.</param>
/// <param name="owned">Layout in which every level divides samples or channels.</param>
/// <param name="spread">The other layout.</param>
internal sealed class ShardExchange(ShardStep step, int channels, ShardLayout owned, ShardLayout spread)
{
    private int _samples = -1;
    private Block[] _ownedFor = [], _spreadFrom = [];
    private (int Samples, int Channels) _ownedSize, _spreadSize;
    private float[] _send = [], _receive = [];

    /// <summary>Number of channels that this rank holds in the spread or in the owned layout.</summary>
    internal int ChannelsOf(bool isSpread) =>
        ShardLayout.Indices(channels, (isSpread ? spread : owned).Channels, step.Hierarchy, step.Ranks.Rank).Length;

    /// <summary>Converts owned to spread: every rank gets copies of the elements that it needs.</summary>
    internal Tensor Gather(Tensor x) => Move(x, isGather: true);

    /// <summary>Converts spread to owned: elements held by several ranks are summed in rank order.</summary>
    internal Tensor Sum(Tensor x) => Move(x, isGather: false);

    private Tensor Move(Tensor x, bool isGather)
    {
        using StepTimeline.Span span = step.Measure("exchange");
        Prepare();
        Block[] sources = isGather ? _ownedFor : _spreadFrom, targets = isGather ? _spreadFrom : _ownedFor;
        (int Samples, int Channels) from = isGather ? _ownedSize : _spreadSize,
            to = isGather ? _spreadSize : _ownedSize;
        int inner = Inner(x.Shape, from.Channels);
        Shape shape = x.Shape.With(0, to.Samples).With(1, x.Shape[1] / from.Channels * to.Channels);
        Span<int> sendLengths = stackalloc int[sources.Length], receiveLengths = stackalloc int[sources.Length];
        int sent = Lengths(sources, inner, sendLengths), received = Lengths(targets, inner, receiveLengths);
        _send = _send.Length < sent ? new float[sent] : _send;
        _receive = _receive.Length < received ? new float[received] : _receive;
        ReadOnlySpan<float> values = x.ToRowMajor().Physical();
        for (int rank = 0, place = 0; rank < sources.Length; place += sendLengths[rank++])
        {
            sources[rank].Pack(values, inner, from.Channels, _send.AsSpan(place, sendLengths[rank]));
        }

        step.Ranks.Exchange(_send.AsSpan(0, sent), sendLengths, _receive.AsSpan(0, received), receiveLengths);
        Tensor result = Tensor.Zeros(shape);
        for (int rank = 0, place = 0; rank < targets.Length; place += receiveLengths[rank++])
        {
            targets[rank].AddTo(result.Writable(), inner, to.Channels, _receive.AsSpan(place, receiveLengths[rank]));
        }

        return result;
    }

    /// <summary>Computes which elements go to which rank, again whenever the number of samples has changed.</summary>
    private void Prepare()
    {
        if (_samples == step.Samples)
        {
            return;
        }

        _samples = step.Samples;
        int ranks = step.Ranks.Size, own = step.Ranks.Rank;
        (int[] Samples, int[] Channels) ownedHere = Held(owned, own), spreadHere = Held(spread, own);
        _ownedSize = (ownedHere.Samples.Length, ownedHere.Channels.Length);
        _spreadSize = (spreadHere.Samples.Length, spreadHere.Channels.Length);
        _ownedFor = [.. Enumerable.Range(0, ranks).Select(rank => Block.Of(ownedHere, Held(spread, rank)))];
        _spreadFrom = [.. Enumerable.Range(0, ranks).Select(rank => Block.Of(spreadHere, Held(owned, rank)))];
    }

    private (int[] Samples, int[] Channels) Held(ShardLayout layout, int rank) => (
        ShardLayout.Indices(_samples, layout.Samples, step.Hierarchy, rank),
        ShardLayout.Indices(channels, layout.Channels, step.Hierarchy, rank));

    private static int Inner(Shape shape, int heldChannels)
    {
        int inner = 1;
        for (int axis = 1; axis < shape.Rank; axis++)
        {
            inner *= shape[axis];
        }

        return inner / heldChannels;
    }

    private static int Lengths(Block[] blocks, int inner, Span<int> lengths)
    {
        int sum = 0;
        for (int i = 0; i < blocks.Length; i++)
        {
            lengths[i] = checked(blocks[i].Count * inner);
            sum = checked(sum + lengths[i]);
        }

        return sum;
    }

    /// <summary>Indices of samples, and runs of consecutive channels, within the elements that a rank holds.</summary>
    private sealed record Block(int[] Samples, (int Start, int Length)[] Channels)
    {
        internal int Count { get; } = Samples.Length * Channels.Sum(run => run.Length);

        /// <summary>Returns the elements that both sides hold, as indices into the first.</summary>
        internal static Block Of((int[] Samples, int[] Channels) here, (int[] Samples, int[] Channels) there)
        {
            var runs = new List<(int Start, int Length)>();
            foreach (int place in Places(here.Channels, there.Channels))
            {
                if (runs.Count > 0 && runs[^1].Start + runs[^1].Length == place)
                {
                    runs[^1] = (runs[^1].Start, runs[^1].Length + 1);
                }
                else
                {
                    runs.Add((place, 1));
                }
            }

            return new Block([.. Places(here.Samples, there.Samples)], [.. runs]);
        }

        internal void Pack(ReadOnlySpan<float> values, int inner, int heldChannels, Span<float> packed)
        {
            int place = 0;
            foreach (int sample in Samples)
            {
                foreach ((int start, int length) in Channels)
                {
                    values.Slice(((sample * heldChannels) + start) * inner, length * inner).CopyTo(packed[place..]);
                    place += length * inner;
                }
            }
        }

        internal void AddTo(Span<float> values, int inner, int heldChannels, ReadOnlySpan<float> packed)
        {
            int place = 0;
            foreach (int sample in Samples)
            {
                foreach ((int start, int length) in Channels)
                {
                    Span<float> target = values.Slice(((sample * heldChannels) + start) * inner, length * inner);
                    TensorPrimitives.Add(target, packed.Slice(place, target.Length), target);
                    place += target.Length;
                }
            }
        }

        private static IEnumerable<int> Places(int[] here, int[] there)
        {
            HashSet<int> others = [.. there];
            return Enumerable.Range(0, here.Length).Where(place => others.Contains(here[place]));
        }
    }
}
