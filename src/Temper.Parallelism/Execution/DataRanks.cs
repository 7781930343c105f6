using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>How gradients travel between ranks.</summary>
public enum GradientFormat
{
    /// <summary>As they are.</summary>
    Float32 = 0,

    /// <summary>
    /// Rounded to 8 bits of precision with the range of float32: half of the bytes. Terms are rounded before they
    /// travel, added in float32 in the order of the ranks, and sums are rounded again.
    /// </summary>
    BFloat16 = 1,
}

/// <summary>How ranks that divide the samples exchange gradients.</summary>
public sealed record DataRanksOptions
{
    /// <summary>Gradients of one exchange, in MiB: small ones begin early, large ones have less to wait for.</summary>
    public double BucketMiB { get; init; } = 4;

    /// <summary>How terms are added. In the order of the ranks a run has the same bytes each time.</summary>
    public SumOrder Order { get; init; } = SumOrder.Ranks;

    /// <summary>
    /// Whether batch normalization sees the batches of all ranks as one, as a run on one rank does; else each rank its
    /// own.
    /// </summary>
    public bool SynchronizesStatistics { get; init; } = true;

    /// <summary>How gradients travel; bfloat16 halves their bytes, for slow links.</summary>
    public GradientFormat Gradients { get; init; }

    /// <summary>
    /// Whether each rank keeps the optimizer's state of a part of the parameters only, and steps those: less memory, 4
    /// bytes a weight more to send in each step. Results stay the same.
    /// </summary>
    public bool ShardsOptimizer { get; init; }

    /// <summary>Records when buckets are exchanged; null: nothing is recorded.</summary>
    public StepTimeline? Timeline { get; init; }

    internal int BucketLength => double.IsFinite(BucketMiB) && BucketMiB > 0
        ? (int)Math.Clamp(BucketMiB * (1 << 20) / sizeof(float), 1, 1 << 28)
        : throw new ArgumentOutOfRangeException(
            nameof(BucketMiB), $"DataRanksOptions.BucketMiB: out of range (got {BucketMiB}, expected more than 0)");
}

/// <summary>
/// Training in which ranks divide the samples of each batch and sum their gradients. The batch is that of all ranks
/// together, so the number of ranks changes a run by no more than rounding.
/// </summary>
public sealed class DataRanks : TrainingRanks, IStatisticsReducer, IDisposable
{
    private readonly Communicator _ranks;
    private readonly DataRanksOptions _options;
    private readonly CommunicationThread _thread;
    private readonly GradientBuckets _buckets;
    private OptimizerShards? _shards;

    /// <summary>Divides training among ranks. Called by all of them.</summary>
    /// <param name="ranks">All ranks of the run.</param>
    /// <param name="options">How; null: the defaults.</param>
    public DataRanks(Communicator ranks, DataRanksOptions? options = null)
    {
        (_ranks, _options) = (ranks, options ?? new DataRanksOptions());
        _ = _options.BucketLength;
        _thread = new CommunicationThread(ranks);
        _buckets = new GradientBuckets(_thread, _options);
    }

    /// <inheritdoc/>
    public override BatchPart Part => new(_ranks.Rank, _ranks.Size);

    /// <summary>Bytes of gradients that this rank has sent.</summary>
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
                "DataRanks: an edit between epochs needs the optimizer's whole state, and a rank has only a part of "
                + "it; leave ShardsOptimizer off");
        }

        _shards = new OptimizerShards(_ranks, learner);
    }

    /// <inheritdoc/>
    public override Learner Whole(Learner learner)
    {
        if (!_options.SynchronizesStatistics && _ranks.Size > 1)
        {
            AverageStatistics(learner.Network);
        }

        return _shards?.Whole(learner) ?? learner;
    }

    /// <summary>
    /// Ranks that each have seen their own batches evaluate and save the mean of their running statistics.
    /// </summary>
    private void AverageStatistics(Network network)
    {
        foreach (Tensor statistics in network.StatisticsNames().Order(StringComparer.Ordinal).Select(
            name => network.Buffers[name])
            .Where(buffer => buffer.DType == DType.Float32))
        {
            Span<float> values = statistics.Writable();
            _ranks.AllReduce(values);
            TensorPrimitives.Divide(values, _ranks.Size, values);
            statistics.Storage.MarkWritten();
        }
    }

    private bool IsSynchronized => _options.SynchronizesStatistics && _ranks.Size > 1;

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => _ranks.AllReduce(values);

    /// <summary>Ends the thread that exchanges gradients.</summary>
    public void Dispose() => _thread.Dispose();
}
