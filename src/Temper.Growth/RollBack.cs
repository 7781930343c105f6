using Temper.Data;
using Temper.Growth.Blocks;
using Temper.Training.Evaluation;

namespace Temper.Growth;

/// <summary>Removes trailing blocks that do not contribute to held-out accuracy.</summary>
internal static class RollBack
{
    /// <summary>
    /// Allowance for rounding: from 9,000 to 8,995 correct samples of 10,000, accuracy falls by 0.000500000000000056.
    /// </summary>
    private const double Rounding = 1e-12;

    /// <summary>
    /// Removes blocks one at a time, each time the one whose removal costs the least accuracy, while the accuracy stays
    /// within the tolerance of the highest one so far.
    /// </summary>
    /// <param name="start">A trained network and its accuracy on the held-out samples.</param>
    /// <param name="validation">Held-out samples.</param>
    /// <param name="tolerance">
    /// Largest loss of accuracy, 0 to 1, from the highest one of the start and of the networks after each removal.
    /// </param>
    /// <param name="taken">
    /// Called for each removed block with the index of its stage, the network without it, and that network's accuracy.
    /// </param>
    internal static GrowableNetwork Trim(
        (GrowableNetwork Network, double Accuracy) start, Dataset validation, double tolerance,
        Action<int, GrowableNetwork, double> taken)
    {
        GrowableNetwork network = start.Network;
        double best = start.Accuracy;
        while (true)
        {
            (int Stage, GrowableNetwork Network, double Accuracy)[] shorter =
            [
                .. Enumerable.Range(0, network.Stages.Count)
                    .Where(stage => network.Stages[stage].Blocks.Count > GrowthStage.Fixed)
                    .Select(stage => (Stage: stage, Network: network.Remove(
                        stage, network.Stages[stage].Blocks.Count - 1)))
                    .Select(one => (one.Stage, one.Network, Accuracy: Accuracy(one.Network, validation)))
                    .Where(candidate => IsKept(best, candidate.Accuracy, tolerance))
                    .OrderByDescending(candidate => candidate.Accuracy),
            ];
            if (shorter.Length == 0)
            {
                return network;
            }

            // A gain from one removal is kept: the next one may not give it up.
            network = shorter[0].Network;
            best = Math.Max(best, shorter[0].Accuracy);
            taken(shorter[0].Stage, network, shorter[0].Accuracy);
        }
    }

    /// <summary>Whether an accuracy has not fallen by more than the tolerance.</summary>
    internal static bool IsKept(double before, double accuracy, double tolerance) =>
        before - accuracy <= tolerance + Rounding;

    /// <summary>Measures the accuracy on held-out samples, 0 to 1.</summary>
    internal static double Accuracy(GrowableNetwork network, Dataset validation) =>
        Evaluator.Evaluate(network.Network, validation).Accuracy;
}
