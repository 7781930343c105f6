using Temper.Networks;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>Everything that training changes: what a checkpoint holds.</summary>
internal sealed class TrainingState
{
    /// <summary>The trainer's own copy, written in place.</summary>
    internal required Network Network { get; init; }

    /// <summary>The optimizer's memory, a parameter each, in the network's order.</summary>
    internal required OptimizerState[] Optimizer { get; init; }

    /// <summary>Averaged weights, a parameter each; empty where there is no average.</summary>
    internal required float[][] Average { get; init; }

    /// <summary>The best epoch's network; null before the first epoch has ended.</summary>
    internal Network? Best { get; set; }

    internal int BestEpoch { get; set; } = -1;

    /// <summary>The epoch that is running, and the batch that comes next in it.</summary>
    internal int Epoch { get; set; }

    internal int Batch { get; set; }

    internal long Step { get; set; }

    /// <summary>Sums over the running epoch.</summary>
    internal double LossSum { get; set; }

    internal long Correct { get; set; }

    internal long Samples { get; set; }

    internal double Terms { get; set; }

    internal List<EpochResult> History { get; } = [];

    internal static TrainingState Begin(Network network, TrainingOptions options)
    {
        Network own = network.Copy();
        return new TrainingState
        {
            Network = own,
            Optimizer = [.. own.Parameters.Select(p => options.Optimizer.CreateState(p.Value.Count))],
            Average = options.Average is null ? [] : [.. own.Parameters.Select(p => p.Value.ToArray<float>())],
        };
    }

    /// <summary>The network that is judged: with averaged weights where there are any.</summary>
    internal Network Judged()
    {
        if (Average.Length == 0)
        {
            return Network;
        }

        return Network.WithParameters(Network.Parameters.Select((p, i) => p with { Value = Tensors.Tensor.From(Average[i], p.Value.Shape) }));
    }
}
