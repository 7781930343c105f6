using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Planning;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Training under a plan that divides samples at some levels and kernels at others. Each rank trains its shard of the
/// network.
/// </summary>
/// <remarks>
/// Supports chains of convolutions, linear layers, activations and pooling; other networks are rejected before the
/// first step.
/// </remarks>
public sealed class ShardedRanks : TrainingRanks, IDisposable
{
    private readonly Communicator _ranks;
    private readonly Func<Network, RankPlan>? _replan;
    private readonly StepTimeline? _timeline;
    private readonly List<(Communicator Group, string[] Parameters)> _replicas = [];
    private ShardedNetwork _sharded = null!;
    private long _sentBefore;
    private float[] _values = [];

    /// <summary>Divides the training of a network under a fixed plan. Must be called by all ranks.</summary>
    /// <param name="ranks">All ranks of the run.</param>
    /// <param name="network">The whole network.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="timeline">Timeline that records when ranks exchange values; null: not recorded.</param>
    /// <exception cref="ArgumentException">
    /// The plan is for another network or number of ranks, or a layer is too small for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The network cannot be trained in shards.</exception>
    public ShardedRanks(Communicator ranks, Network network, RankPlan plan, StepTimeline? timeline = null)
    {
        (_ranks, _timeline) = (ranks, timeline);
        Divide(network, plan);
    }

    /// <summary>
    /// Divides the training of a network that may change between epochs, such as a growing one. Each changed network
    /// gets a new plan. Must be called by all ranks.
    /// </summary>
    /// <param name="ranks">All ranks of the run.</param>
    /// <param name="network">The whole network.</param>
    /// <param name="plan">Returns the plan of a network; must give the same plan on all ranks.</param>
    /// <param name="timeline">Timeline that records when ranks exchange values; null: not recorded.</param>
    /// <exception cref="ArgumentException">
    /// The plan is for another network or number of ranks, or a layer is too small for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The network cannot be trained in shards.</exception>
    public ShardedRanks(
        Communicator ranks, Network network, Func<Network, RankPlan> plan, StepTimeline? timeline = null)
    {
        (_ranks, _replan, _timeline) = (ranks, plan, timeline);
        Divide(network, plan(network));
    }

    private void Divide(Network network, RankPlan plan)
    {
        if (plan.Accelerators != _ranks.Size)
        {
            throw new ArgumentException(
                $"plan: the plan is for a different number of ranks (got a plan for {plan.Accelerators}, expected "
                + $"{_ranks.Size}); make a plan with --accelerators {_ranks.Size}");
        }

        Dispose();
        _sharded = new ShardedNetwork(network, plan, _ranks, _timeline);
        string Kind(int layer) => string.Concat(plan.Levels.Select(level => level[layer] == '0' ? '0' : '1'));
        IEnumerable<IGrouping<string, int>> kinds =
            Enumerable.Range(0, plan.Layers.Count).GroupBy(Kind, StringComparer.Ordinal);
        foreach (IGrouping<string, int> kind in kinds)
        {
            Communicator group = _ranks.Split(_sharded.Layers[kind.First()].GroupOf(_ranks.Rank));
            _replicas.Add((group, [.. kind.SelectMany(layer => _sharded.Layers[layer].Node.Parameters)]));
        }
    }

    /// <summary>Throws if a network cannot be trained under a plan.</summary>
    /// <param name="network">The whole network.</param>
    /// <param name="plan">The plan.</param>
    /// <exception cref="ArgumentException">The plan is for another network, or a layer is too small for it.</exception>
    /// <exception cref="NotSupportedException">The network cannot be trained in shards.</exception>
    public static void Require(Network network, RankPlan plan) => _ = ShardedNetwork.LayersOf(network, plan);

    /// <inheritdoc/>
    public override BatchPart Part => new(_ranks.Rank, _ranks.Size);

    /// <inheritdoc/>
    public override BatchPart LoadedPart => BatchPart.Whole;

    /// <summary>Bytes sent by this rank: gradients, activations, and shards for evaluation and checkpoints.</summary>
    public long BytesSent => _ranks.BytesSent + _sentBefore + _replicas.Sum(replica => replica.Group.BytesSent);

    /// <inheritdoc/>
    public override void Begin(Learner learner, TrainingOptions options)
    {
        (string Name, bool IsUsed)[] refused =
        [
            ("a regularizer", options.Regularizers.Count > 0), ("clipping", options.Clipping is not null),
            ("an objective", options.Objective is not null),
            ("an edit between epochs", options.Edits.Count > 0 && _replan is null),
        ];
        if (refused.FirstOrDefault(one => one.IsUsed) is { Name: { } name })
        {
            throw new NotSupportedException(
                $"plan: {name} needs whole parameters, but each rank has only a shard of them; use --plan data");
        }

        if (_replan is not null)
        {
            // The network of a resumed run may differ from the one that the run started with.
            Divide(learner.Network, _replan(learner.Network));
        }

        Cut(learner);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Every rank has the whole network at the end of an epoch, because it evaluates it. After a change, each rank cuts
    /// its new shard from that network; nothing more is sent.
    /// </remarks>
    public override void Edit(Learner learner, Learner whole, Action<Learner> edit)
    {
        Network before = whole.Network;
        edit(whole);
        if (!ReferenceEquals(before, whole.Network))
        {
            Divide(whole.Network, _replan!(whole.Network));
            learner.TakeOver(whole);
            Cut(learner);
        }
    }

    private void Cut(Learner learner)
    {
        learner.Edit(_sharded.Cut);
        for (int i = 0; i < _replicas.Count; i++)
        {
            // Frozen parameters have no gradient.
            string[] trained = [.. _replicas[i].Parameters.Where(learner.Trained.Names.Contains)];
            _replicas[i] = (_replicas[i].Group, trained);
        }
    }

    /// <inheritdoc/>
    public override RandomStream StreamOf(RandomStream stream) => _ranks.Size == 1 ? stream : stream.Split(_ranks.Rank);

    /// <inheritdoc/>
    public override Batch Share(Batch batch, int samples)
    {
        int[] own = _sharded.LossSamples(samples);
        Shape shape = batch.Targets.Shape.With(0, own.Length);
        return batch with
        {
            Targets = batch.Targets.DType == DType.Int64
                ? Rows<long>(batch.Targets, own, shape)
                : Rows<float>(batch.Targets, own, shape),
        };
    }

    /// <inheritdoc/>
    public override void Reduce(Gradients gradients)
    {
        foreach ((Communicator group, string[] names) in _replicas)
        {
            int count = 0;
            foreach (string name in names)
            {
                count += gradients[name].Length;
            }

            _values = _values.Length < count ? new float[count] : _values;
            int start = 0;
            foreach (string name in names)
            {
                gradients[name].CopyTo(_values.AsSpan(start));
                start += gradients[name].Length;
            }

            group.AllReduce(_values.AsSpan(0, count));
            start = 0;
            foreach (string name in names)
            {
                _values.AsSpan(start, gradients[name].Length).CopyTo(gradients[name]);
                start += gradients[name].Length;
            }
        }
    }

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => _ranks.AllReduce(values);

    /// <inheritdoc/>
    public override Learner Whole(Learner learner) => new ShardAssembly(_sharded, _ranks).Of(learner);

    /// <summary>Releases the groups of ranks.</summary>
    public void Dispose()
    {
        _sentBefore += _replicas.Sum(replica => replica.Group.BytesSent);
        _replicas.ForEach(replica => replica.Group.Dispose());
        _replicas.Clear();
    }

    private static Tensor Rows<T>(Tensor targets, int[] rows, Shape shape)
        where T : unmanaged
    {
        ReadOnlySpan<T> values = targets.AsSpan<T>();
        int width = targets.Shape[0] == 0 ? 0 : values.Length / targets.Shape[0];
        T[] taken = new T[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
        {
            values.Slice(rows[i] * width, width).CopyTo(taken.AsSpan(i * width));
        }

        return Tensor.From(taken, shape);
    }
}
