using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>Number format in which gradients are sent between ranks.</summary>
public enum GradientFormat
{
    /// <summary>32-bit floating point, unchanged.</summary>
    Float32 = 0,

    /// <summary>
    /// bfloat16: 8 bits of precision with the range of float32; half of the bytes. Terms are rounded before they are
    /// sent, added in float32 in rank order, and the sums are rounded again.
    /// </summary>
    BFloat16 = 1,
}

/// <summary>Options of <see cref="DataRanks"/>: how ranks that divide the samples exchange gradients.</summary>
public sealed record DataRanksOptions
{
    /// <summary>
    /// Size of a gradient bucket in MiB, default 4. Small buckets are sent early; large ones spend less time waiting
    /// for latency.
    /// </summary>
    public double BucketMiB { get; init; } = 4;

    /// <summary>Order of the additions. With the default, rank order, repeated runs give the same bytes.</summary>
    public SumOrder Order { get; init; } = SumOrder.Ranks;

    /// <summary>
    /// Whether batch normalization uses the statistics over the batches of all ranks, as a run on one rank does
    /// (default). If false, each rank uses its own batch.
    /// </summary>
    public bool SynchronizesStatistics { get; init; } = true;

    /// <summary>Format in which gradients are sent; bfloat16 halves their bytes, for slow links.</summary>
    public GradientFormat Gradients { get; init; }

    /// <summary>
    /// Whether each rank keeps the optimizer state of only its share of the parameters and updates those. Uses less
    /// memory and sends 4 more bytes per weight in each step. Results do not change.
    /// </summary>
    public bool ShardsOptimizer { get; init; }

    /// <summary>Timeline that records when buckets are exchanged; null: not recorded.</summary>
    public StepTimeline? Timeline { get; init; }

    internal int BucketLength => double.IsFinite(BucketMiB) && BucketMiB > 0
        ? (int)Math.Clamp(BucketMiB * (1 << 20) / sizeof(float), 1, 1 << 28)
        : throw new ArgumentOutOfRangeException(nameof(BucketMiB), string.Create(
            CultureInfo.InvariantCulture,
            $"DataRanksOptions.BucketMiB: out of range (got {BucketMiB}, expected more than 0)"));
}

/// <summary>
/// Data-parallel training: ranks divide the samples of each batch and sum their gradients. The batch size is the total
/// over all ranks, so the number of ranks changes a run only by rounding.
/// </summary>
public sealed class DataRanks : TrainingRanks, IStatisticsReducer, IDisposable
{
    /// <summary>Prefix of the names under which a checkpoint keeps the running statistics of all ranks.</summary>
    private const string StatisticsOfRanks = "statistics of ranks/";

    private readonly Communicator _ranks;
    private readonly DataRanksOptions _options;
    private readonly CommunicationThread _thread;
    private readonly GradientBuckets _buckets;
    private OptimizerShards? _shards;

    /// <summary>Creates the data parallelism of one rank. Must be called by all ranks.</summary>
    /// <param name="ranks">All ranks of the run.</param>
    /// <param name="options">Options; null: the defaults.</param>
    public DataRanks(Communicator ranks, DataRanksOptions? options = null)
    {
        (_ranks, _options) = (ranks, options ?? new DataRanksOptions());
        _ = _options.BucketLength;
        _thread = new CommunicationThread(ranks);
        _buckets = new GradientBuckets(_thread, _options);
    }

    /// <inheritdoc/>
    public override BatchPart Part => new(_ranks.Rank, _ranks.Size);

    /// <summary>Bytes of gradients sent by this rank.</summary>
    public long BytesSent => _thread.BytesSent;

    /// <inheritdoc/>
    public override RandomStream StreamOf(RandomStream stream) => _ranks.Size == 1 ? stream : stream.Split(_ranks.Rank);

    /// <inheritdoc/>
    public override GradientRequest Request(GradientRequest request) => request with
    {
        Statistics = IsSynchronized ? this : null,
        Ready = (parameter, gradient) => _buckets.Add(parameter, gradient),
    };

    /// <inheritdoc/>
    public override void Reduce(Gradients gradients) => _buckets.Complete(gradients);

    /// <inheritdoc/>
    public override void Begin(Learner learner, TrainingOptions options)
    {
        if (!_options.ShardsOptimizer || _ranks.Size == 1)
        {
            return;
        }

        if (options.Edits.Count > 0)
        {
            throw new NotSupportedException(
                "DataRanks: edits between epochs need the whole optimizer state, but with a sharded optimizer each "
                + "rank has only its share; set ShardsOptimizer to false");
        }

        _shards = new OptimizerShards(_ranks, learner);
    }

    /// <inheritdoc/>
    public override Learner Whole(Learner learner)
    {
        AverageStatistics(learner.Network);
        return _shards?.Whole(learner) ?? learner;
    }

    /// <inheritdoc/>
    internal override SortedDictionary<string, string> ExchangeOptions()
    {
        var options = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (_ranks.Size > 1)
        {
            options.Add("gradients", $"{_options.Gradients}");
            options.Add("order", $"{_options.Order}");
            options.Add("synchronizesStatistics", _options.SynchronizesStatistics ? "true" : "false");
        }

        return options;
    }

    /// <inheritdoc/>
    internal override IReadOnlyDictionary<string, Tensor> SaveOwn(Learner learner)
    {
        var saved = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor statistics) in OwnStatistics(learner.Network))
        {
            float[] all = new float[_ranks.Size * statistics.Count];
            for (int rank = 0; rank < _ranks.Size; rank++)
            {
                Span<float> part = all.AsSpan(rank * statistics.Count, statistics.Count);
                if (rank == _ranks.Rank)
                {
                    statistics.Physical().CopyTo(part);
                }

                _ranks.Broadcast(part, rank);
            }

            saved.Add(StatisticsOfRanks + name, Tensor.From(all, [_ranks.Size, statistics.Count]));
        }

        return saved;
    }

    /// <inheritdoc/>
    internal override void RestoreOwn(Learner learner, IReadOnlyDictionary<string, Tensor> values)
    {
        foreach ((string name, Tensor statistics) in OwnStatistics(learner.Network))
        {
            int count = statistics.Count;
            if (values.TryGetValue(StatisticsOfRanks + name, out Tensor? all) && all.DType == DType.Float32
                && all.Rank == 2 && all.Shape[0] == _ranks.Size && all.Shape[1] == count)
            {
                all.AsSpan<float>().Slice(_ranks.Rank * count, count).CopyTo(statistics.Writable());
                statistics.Storage.MarkWritten();
            }
        }
    }

    /// <summary>
    /// Replaces the running statistics of each rank by their mean over the ranks, for evaluation and saving.
    /// </summary>
    private void AverageStatistics(Network network)
    {
        foreach ((_, Tensor statistics) in OwnStatistics(network))
        {
            Span<float> values = statistics.Writable();
            _ranks.AllReduce(values);
            TensorPrimitives.Divide(values, _ranks.Size, values);
            statistics.Storage.MarkWritten();
        }
    }

    /// <summary>Returns the running statistics that differ between ranks, by name, in the same order on all.</summary>
    private IEnumerable<(string Name, Tensor Values)> OwnStatistics(Network network) =>
        _options.SynchronizesStatistics || _ranks.Size == 1
            ? []
            : network.StatisticsNames().Order(StringComparer.Ordinal)
                .Select(name => (Name: name, Values: network.Buffers[name]))
                .Where(buffer => buffer.Values.DType == DType.Float32);

    private bool IsSynchronized => _options.SynchronizesStatistics && _ranks.Size > 1;

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => _ranks.AllReduce(values);

    /// <summary>Stops the thread that exchanges gradients.</summary>
    public void Dispose() => _thread.Dispose();
}
