using System.Globalization;
using System.Numerics;
using Temper.Growth.Blocks;
using Temper.Optimization;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth;

/// <summary>
/// Removes blocks in reverse order of growth and repairs the rest by a short training. Bisection over the number of
/// removed blocks finds a shallow network that, after this training, is as accurate on held-out samples as the whole
/// network after the same training. Not part of the paper.
/// </summary>
/// <remarks>
/// Blocks of random initialization take part in the computation from their first step, so a network rarely keeps its
/// accuracy at the moment a block is removed (<see cref="RollBack.Trim"/>), even if it can do without it.
/// </remarks>
internal sealed class Shortening(GrowthOptions options, TrainingOptions training, IMethodRun run, GrowthEdit edit)
{
    /// <summary>
    /// Learning rate of a repair, relative to that of growth; the final training first drops to it as well.
    /// </summary>
    private const float RateFactor = 0.1f;

    /// <summary>Number of epochs of all repairs.</summary>
    internal int Epochs { get; private set; }

    /// <summary>
    /// Maximum number of repairs for a number of blocks that could be removed: one of the whole network, and those of
    /// the bisection.
    /// </summary>
    internal static int MaxTrials(int removable) => removable == 0 ? 0 : 2 + BitOperations.Log2((uint)removable);

    /// <summary>Returns the shallowest network found, repaired; the given one if nothing can be removed.</summary>
    /// <param name="network">Network that was grown and rolled back.</param>
    internal GrowableNetwork Shorten(GrowableNetwork network)
    {
        IReadOnlyList<(GrowableNetwork Network, int Stage)> shorter = Undone(network);
        if (shorter.Count == 0 || !IsInTime(network))
        {
            return network;
        }

        (GrowableNetwork Network, double Accuracy) best = Repaired(network, 0);
        double whole = best.Accuracy;
        var measured = new Dictionary<int, double>();                    // by the number of removed blocks
        int removed = 0, rejected = shorter.Count + 1;
        while (rejected - removed > 1 && IsInTime(network))
        {
            int middle = (removed + rejected) / 2;
            (GrowableNetwork Network, double Accuracy) trial = Repaired(shorter[middle - 1].Network, middle);
            measured.Add(middle, trial.Accuracy);
            (removed, rejected, best) = RollBack.IsKept(whole, trial.Accuracy, options.Tolerance)
                ? (middle, rejected, trial)
                : (removed, middle, best);
        }

        for (int i = 0; i < removed; i++)
        {
            double? accuracy = measured.TryGetValue(i + 1, out double found) ? found : null;
            edit.Note(GrowthEvents.Shorten, shorter[i].Stage, shorter[i].Network, accuracy);
        }

        return best.Network;
    }

    /// <summary>Undoes growth block by block; entry i has i + 1 blocks less.</summary>
    private List<(GrowableNetwork Network, int Stage)> Undone(GrowableNetwork network)
    {
        var shorter = new List<(GrowableNetwork, int)>();
        foreach (GrowthStep step in edit.Record().Path.Reverse().Where(step => step.Event is GrowthEvents.Grow))
        {
            // Roll-back has already removed the blocks of deeper steps.
            if (network.Depths[step.Stage] == step.Depths[step.Stage])
            {
                network = network.Remove(step.Stage, network.Depths[step.Stage] - 1);
                shorter.Add((network, step.Stage));
            }
        }

        return shorter;
    }

    private (GrowableNetwork Network, double Accuracy) Repaired(GrowableNetwork network, int removed)
    {
        string stage = string.Create(CultureInfo.InvariantCulture, $"shorten-{removed}");
        var clock = new TrainingClock(stage, limit: null, edit.State.Seconds, run);
        TrainingResult result = run.Fit(stage, network.Network, training with
        {
            Epochs = options.RepairEpochs, Edits = [.. training.Edits, clock],
            Optimizer = training.Optimizer with { LearningRate = training.Optimizer.LearningRate * RateFactor },
        });
        edit.State.Seconds = clock.Seconds;
        Epochs += options.RepairEpochs;
        double accuracy = result.History[result.BestEpoch].ValidationAccuracy;
        edit.AddMeasured(network, accuracy);
        return (network.With(result.Network), accuracy);
    }

    /// <summary>Whether the time limit leaves time for another repair before the final training.</summary>
    private bool IsInTime(GrowableNetwork network)
    {
        if (options.Limits.Time is not { } limit)
        {
            return true;
        }

        double epoch = edit.State.SecondsPerMac * network.Network.Cost().Macs,
            needed = edit.State.Seconds + ((options.RepairEpochs + options.FinishEpochs) * epoch);
        string next = string.Create(CultureInfo.InvariantCulture, $"repair after {Epochs} epochs of repair in time");
        return run.Decide(GrowthEdit.Stage, next, () => needed <= limit.TotalSeconds);
    }
}
