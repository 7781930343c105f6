using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

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

    /// <summary>Samples of the run: the order of an epoch depends on how many there are.</summary>
    internal required int TrainCount { get; init; }

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

    /// <summary>Of the last step. Not part of a checkpoint: an epoch ends with a step.</summary>
    internal double LearningRate { get; set; }

    internal List<EpochResult> History { get; } = [];

    internal static TrainingState Begin(Network network, int trainCount, TrainingOptions options)
    {
        Network own = network.Copy();
        return new TrainingState
        {
            Network = own,
            Optimizer = [.. own.Parameters.Select(p => options.Optimizer.CreateState(p.Value.Count))],
            Average = options.Average is null ? [] : [.. own.Parameters.Select(p => p.Value.ToArray<float>())],
            TrainCount = trainCount,
        };
    }

    /// <summary>The network that is judged: with averaged weights where there are any.</summary>
    internal Network Judged()
    {
        if (Average.Length == 0)
        {
            return Network;
        }

        return Network.WithParameters(Network.Parameters.Select((p, i) => p with { Value = Tensor.From(Average[i], p.Value.Shape) }));
    }

    /// <summary>
    /// Throws where a number of the network is not finite. The loss does not always show it: a ReLU can hide it.
    /// </summary>
    /// <exception cref="TrainingDivergedException">One is infinite or not a number.</exception>
    internal void RequireFinite(TrainingOptions options)
    {
        IEnumerable<KeyValuePair<string, Tensor>> tensors = Network.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value))
            .Concat(Network.Buffers.Where(b => b.Value.DType == DType.Float32));
        foreach ((string name, Tensor value) in tensors)
        {
            if (!double.IsFinite(GradientClipping.SumOfSquares(value.Physical())))
            {
                throw TrainingDivergedException.OfTensor(Step, name, options.Optimizer.LearningRate);
            }
        }
    }
}
