using Temper.Data;
using Temper.Parallelism.Collectives;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>How ranks that divide the samples exchange gradients.</summary>
public sealed record DataRanksOptions
{
    /// <summary>Gradients of one exchange, in MiB: small ones begin early, large ones have less to wait for.</summary>
    public double BucketMiB { get; init; } = 4;

    /// <summary>How terms are added. In the order of the ranks a run has the same bytes each time.</summary>
    public SumOrder Order { get; init; } = SumOrder.Ranks;

    /// <summary>Whether batch normalization sees the batches of all ranks as one, as a run on one rank does; else each rank its own.</summary>
    public bool SynchronizesStatistics { get; init; } = true;

    internal int BucketLength => double.IsFinite(BucketMiB) && BucketMiB > 0
        ? (int)Math.Clamp(BucketMiB * (1 << 20) / sizeof(float), 1, 1 << 28)
        : throw new ArgumentOutOfRangeException(nameof(BucketMiB), $"DataRanksOptions.BucketMiB: out of range (got {BucketMiB}, expected more than 0)");
}

/// <summary>
/// Training in which ranks divide the samples of each batch and sum their gradients. The batch is that of all ranks together, so the
/// number of ranks changes a run by no more than rounding.
/// </summary>
public sealed class DataRanks : TrainingRanks, IStatisticsReducer, IDisposable
{
    private readonly Communicator _ranks;
    private readonly DataRanksOptions _options;
    private readonly CommunicationThread _thread;
    private readonly GradientBuckets _buckets;

    /// <summary>Divides training among ranks. Called by all of them.</summary>
    /// <param name="ranks">All ranks of the run.</param>
    /// <param name="options">How; null: the defaults.</param>
    public DataRanks(Communicator ranks, DataRanksOptions? options = null)
    {
        (_ranks, _options) = (ranks, options ?? new DataRanksOptions());
        int length = _options.BucketLength;
        _thread = new CommunicationThread(ranks);
        _buckets = new GradientBuckets(_thread, length, _options.Order);
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
        Statistics = _options.SynchronizesStatistics && _ranks.Size > 1 ? this : null,
        Ready = (parameter, gradient) => _buckets.Add(parameter, gradient),
    };

    /// <inheritdoc/>
    public override void Reduce(Gradients gradients) => _buckets.Complete(gradients);

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => _ranks.AllReduce(values);

    /// <summary>Ends the thread that exchanges gradients.</summary>
    public void Dispose() => _thread.Dispose();
}
