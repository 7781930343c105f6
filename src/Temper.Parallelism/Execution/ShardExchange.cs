using Temper.Parallelism.Collectives;
using Temper.Parallelism.Planning;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// What the ranks of a step have in common: their group, and the samples of the batch, which change from step to step.
/// </summary>
/// <param name="ranks">All ranks.</param>
/// <param name="hierarchy">Their levels.</param>
/// <param name="timeline">Records when ranks exchange values; null: nothing is recorded.</param>
internal sealed class ShardStep(Communicator ranks, Hierarchy hierarchy, StepTimeline? timeline)
{
    internal Communicator Ranks => ranks;

    internal Hierarchy Hierarchy => hierarchy;

    /// <summary>Begins a span of the time line.</summary>
    internal StepTimeline.Span Measure(string name) => timeline?.Begin(name) ?? default;

    /// <summary>Samples of the batch on all ranks.</summary>
    internal int Samples { get; set; }
}

/// <summary>
/// Moves a tensor <c>[N, C, ...]</c> between a layout in which each element lies on one rank (owned) and one in which
/// some ranks hold the same elements (spread): copies forward, sums back, and only what a rank does not have yet.
/// </summary>
/// <param name="step">Ranks and samples.</param>
/// <param name="channels">Length of the divided axis; a flattened image has several features a channel.</param>
/// <param name="owned">Every level divides samples or channels.</param>
/// <param name="spread">The other layout.</param>
internal sealed class ShardExchange(ShardStep step, int channels, ShardLayout owned, ShardLayout spread)
{
    private int _samples = -1;
    private Block[] _ownedFor = [], _spreadFrom = [];
    private (int Samples, int Channels) _ownedSize, _spreadSize;
    private float[] _send = [], _receive = [];

    /// <summary>Channels that this rank holds in the spread layout, and in the owned one.</summary>
    internal int ChannelsOf(bool isSpread) =>
        ShardLayout.Indices(channels, (isSpread ? spread : owned).Channels, step.Hierarchy, step.Ranks.Rank).Length;

    /// <summary>From owned to spread: every rank gets copies of what it needs.</summary>
    internal Tensor Gather(Tensor x) => Move(x, isGather: true);

    /// <summary>From spread to owned: what several ranks hold is added up, in the order of the ranks.</summary>
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
        (_send, _receive) = (_send.Length < sent ? new float[sent] : _send, _receive.Length < received
            ? new float[received]
            : _receive);
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

    /// <summary>Finds what goes where, anew when the number of samples has changed.</summary>
    private void Prepare()
    {
        if (_samples == step.Samples)
        {
            return;
        }

        _samples = step.Samples;
        int ranks = step.Ranks.Size, own = step.Ranks.Rank;
        (int[] Samples, int[] Channels) ownedHere = Held(owned, own), spreadHere = Held(spread, own);
        (_ownedSize, _spreadSize) =
            ((ownedHere.Samples.Length, ownedHere.Channels.Length), (spreadHere.Samples.Length, spreadHere.Channels.Length));
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

    /// <summary>Places of some samples, and of runs of neighboring channels, in what a rank holds.</summary>
    private sealed record Block(int[] Samples, (int Start, int Length)[] Channels)
    {
        internal int Count { get; } = Samples.Length * Channels.Sum(run => run.Length);

        /// <summary>What is in both, as places in the first.</summary>
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
                    System.Numerics.Tensors.TensorPrimitives.Add(target, packed.Slice(place, target.Length), target);
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
