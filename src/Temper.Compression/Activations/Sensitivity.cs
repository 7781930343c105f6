using Temper.Networks;

namespace Temper.Compression.Activations;

/// <summary>
/// Sensitivity of the network to the pruning of one part: the loss of accuracy when only this part is pruned, without
/// training.
/// </summary>
/// <param name="Part">The part.</param>
/// <param name="Drops">
/// Loss of accuracy at each level from 0, as a fraction (0 to 1) of the samples; never decreasing.
/// </param>
internal sealed record Sensitivity(Prunable Part, IReadOnlyList<double> Drops)
{
    /// <summary>Loss of accuracy above which a level counts as unusable; higher levels are then not measured.</summary>
    private const double Hopeless = 0.5;

    internal static Sensitivity Of(Prunable part, Network network, double accuracy, Func<Network, double> measure)
    {
        double[] drops = new double[part.Kept.Count + 1];
        for (int level = 1; level < drops.Length; level++)
        {
            drops[level] = drops[level - 1] > Hopeless
                ? 1
                : Math.Max(drops[level - 1], accuracy - measure(part.Prune(network, level)));
        }

        return new Sensitivity(part, drops);
    }
}

/// <summary>
/// Chooses levels for all parts under a budget of accuracy. Greedily takes the step that saves the most
/// multiply-accumulates per estimated loss of accuracy, with the losses of single parts added up. Fine-tuning recovers
/// most of the estimated loss, so budgets are several times the accepted drop.
/// </summary>
internal static class RateChoice
{
    /// <summary>Accuracy added to each loss; below it a loss is within the noise of the measurement.</summary>
    private const double Negligible = 2e-4;

    /// <param name="parts">Sensitivities to the pruning of each part.</param>
    /// <param name="layers">Multiply-accumulates of the layers before pruning.</param>
    /// <param name="budget">Maximum sum of losses, as a fraction (0 to 1) of the samples.</param>
    /// <returns>The level of each part.</returns>
    internal static int[] Levels(
        IReadOnlyList<Sensitivity> parts, IReadOnlyList<LayerActivations> layers, double budget)
    {
        int[] levels = new int[parts.Count];
        double spent = 0;
        while (true)
        {
            (int Part, int Level, double Loss, double Worth) best = (-1, 0, 0, 0);
            double now = Macs(parts, layers, levels);
            for (int part = 0; part < parts.Count; part++)
            {
                IReadOnlyList<double> drops = parts[part].Drops;
                int held = levels[part];

                // A step may skip levels that bring no gain by themselves.
                for (int level = held + 1; level < drops.Count; level++)
                {
                    double loss = drops[level] - drops[held];
                    if (spent + loss > budget)
                    {
                        break;
                    }

                    levels[part] = level;
                    double worth = (now - Macs(parts, layers, levels)) / (loss + Negligible);
                    levels[part] = held;
                    best = worth > best.Worth ? (part, level, loss, worth) : best;
                }
            }

            if (best.Part < 0)
            {
                return levels;
            }

            levels[best.Part] = best.Level;
            spent += best.Loss;
        }
    }

    /// <summary>Estimates the multiply-accumulates that remain.</summary>
    internal static double Macs(
        IReadOnlyList<Sensitivity> parts, IReadOnlyList<LayerActivations> layers, int[] levels) => layers.Sum(layer =>
    {
        double macs = layer.ActiveMacs;
        for (int i = 0; i < parts.Count; i++)
        {
            macs *= parts[i].Part.MacsFactor(layer, levels[i]);
        }

        return macs;
    });
}
