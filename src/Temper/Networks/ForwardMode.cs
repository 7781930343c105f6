using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>How a network computes: as in use, or as in training.</summary>
public sealed class ForwardMode
{
    private readonly List<NodeStatistics> _statistics = [];

    private ForwardMode(bool isTraining, RandomStream? stream)
    {
        IsTraining = isTraining;
        Stream = stream;
    }

    /// <summary>Running statistics, no dropout.</summary>
    public static ForwardMode Evaluation { get; } = new(isTraining: false, stream: null);

    /// <summary>Whether batch statistics and dropout are on.</summary>
    public bool IsTraining { get; }

    /// <summary>
    /// What the passes in this mode found of the batches, in the order in which they ran. The network is not changed by a pass:
    /// <see cref="BatchStatisticsUpdate.Apply"/> puts them into a network's running statistics.
    /// </summary>
    public IReadOnlyList<NodeStatistics> Statistics => _statistics;

    /// <summary>Where dropout takes its numbers from; null in evaluation.</summary>
    internal RandomStream? Stream { get; }

    /// <summary>Batch statistics and dropout. Make one for each training step: it gathers the statistics of its passes.</summary>
    /// <param name="dropout">The step's own random stream; each dropout node takes the part that bears its name.</param>
    public static ForwardMode Training(RandomStream dropout) => new(isTraining: true, dropout);

    internal void Add(Node node, BatchStatistics statistics)
    {
        if (!GradientTape.IsRecomputing)                   // the first run of a recomputed section has reported the same
        {
            _statistics.Add(new NodeStatistics(node, statistics));
        }
    }
}

/// <summary>What one normalization node found of one batch.</summary>
/// <param name="Node">The node; its buffers are the running mean, the running variance and the number of batches.</param>
/// <param name="Batch">Mean, variance and count for each channel.</param>
public sealed record NodeStatistics(Node Node, BatchStatistics Batch);
