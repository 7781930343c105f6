using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Updates running statistics with the batch statistics of a training step.</summary>
public static class BatchStatisticsUpdate
{
    /// <summary>
    /// Sets <c>running = (1 - momentum) running + momentum batch</c> for the mean and the variance, as PyTorch does.
    /// The batch variance is the unbiased one, multiplied by <c>n / (n - 1)</c>. Also increments the batch counter.
    /// </summary>
    /// <param name="network">
    /// A copy owned by the caller (<see cref="Network.Copy"/>): its buffers are written in place.
    /// </param>
    /// <param name="pass">The pass that ran the training step.</param>
    public static void Apply(Network network, Pass pass) => Move(network, pass.Statistics);

    /// <summary>Same as <see cref="Apply"/>, for statistics gathered over several passes.</summary>
    /// <param name="network">A copy owned by the caller.</param>
    /// <param name="statistics">Batch statistics of the step.</param>
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
