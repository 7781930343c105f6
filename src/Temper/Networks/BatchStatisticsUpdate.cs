using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Moves running statistics towards those of the batches that a training step saw.</summary>
public static class BatchStatisticsUpdate
{
    /// <summary>
    /// <c>running = (1 - momentum) running + momentum batch</c> for mean and variance, the batch's variance without
    /// bias (<c>n / (n - 1)</c> times the mean square), as PyTorch does; counts the batch.
    /// </summary>
    /// <param name="network">
    /// A copy that the caller owns (<see cref="Network.Copy"/>): its buffers are written in place.
    /// </param>
    /// <param name="pass">The pass of the step.</param>
    public static void Apply(Network network, Pass pass) => Move(network, pass.Statistics);

    /// <summary>As <see cref="Apply"/>, for statistics that were gathered over several passes.</summary>
    /// <param name="network">A copy that the caller owns.</param>
    /// <param name="statistics">What the step's batches had.</param>
    internal static void Move(Network network, IReadOnlyList<NodeStatistics> statistics)
    {
        foreach (NodeStatistics found in statistics)
        {
            float momentum = ((BatchNorm)found.Node.Operator).Momentum;
            BatchStatistics batch = found.Batch;
            float unbiased = batch.Count > 1 ? (float)batch.Count / (batch.Count - 1) : 1;
            MoveTowards(network.Buffers[found.Node.Buffers[0]], batch.Mean, momentum, 1);
            MoveTowards(network.Buffers[found.Node.Buffers[1]], batch.Variance, momentum, unbiased);
            Tensor batches = network.Buffers[found.Node.Buffers[2]];
            batches.Writable<long>()[0]++;
            batches.Storage.MarkWritten();
        }
    }

    private static void MoveTowards(Tensor running, ReadOnlySpan<float> batch, float momentum, float factor)
    {
        Span<float> values = running.Writable();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] += momentum * ((factor * batch[i]) - values[i]);
        }

        running.Storage.MarkWritten();
    }
}
