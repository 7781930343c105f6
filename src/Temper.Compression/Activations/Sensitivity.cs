using Temper.Networks;

namespace Temper.Compression.Activations;

/// <summary>
/// Sensitivity of the network to one knob: the loss of accuracy when only this knob is thinned, without training.
/// </summary>
/// <param name="Knob">The knob.</param>
/// <param name="Drops">
/// Loss of accuracy at each level from 0, as a fraction (0 to 1) of the samples; never decreasing.
/// </param>
internal sealed record Sensitivity(Knob Knob, IReadOnlyList<double> Drops)
{
    /// <summary>Loss of accuracy above which a level counts as unusable; higher levels are then not measured.</summary>
    private const double Hopeless = 0.5;

    internal static Sensitivity Of(Knob knob, Network network, double accuracy, Func<Network, double> measure)
    {
        double[] drops = new double[knob.Kept.Count + 1];
        for (int level = 1; level < drops.Length; level++)
        {
            drops[level] = drops[level - 1] > Hopeless
                ? 1
                : Math.Max(drops[level - 1], accuracy - measure(knob.Apply(network, level)));
        }

        return new Sensitivity(knob, drops);
    }
}

/// <summary>
/// Chooses levels for all knobs under a budget of accuracy. Greedily takes the step that saves the most
/// multiply-accumulates per estimated loss of accuracy, with the losses of single knobs added up. Fine-tuning recovers
/// most of the estimated loss, so budgets are several times the accepted drop.
/// </summary>
internal static class RateChoice
{
    /// <summary>Accuracy added to each loss; below it a loss is within the noise of the measurement.</summary>
    private const double Negligible = 2e-4;

    /// <param name="knobs">Sensitivities of the knobs.</param>
    /// <param name="layers">Multiply-accumulates of the layers before thinning.</param>
    /// <param name="budget">Maximum sum of losses, as a fraction (0 to 1) of the samples.</param>
    /// <returns>The level of each knob.</returns>
    internal static int[] Levels(
        IReadOnlyList<Sensitivity> knobs, IReadOnlyList<LayerActivations> layers, double budget)
    {
        int[] levels = new int[knobs.Count];
        double spent = 0;
        while (true)
        {
            (int Knob, int Level, double Loss, double Worth) best = (-1, 0, 0, 0);
            double now = Macs(knobs, layers, levels);
            for (int knob = 0; knob < knobs.Count; knob++)
            {
                // A step may skip levels that bring no gain by themselves.
                for (int level = levels[knob] + 1; level < knobs[knob].Drops.Count; level++)
                {
                    double loss = knobs[knob].Drops[level] - knobs[knob].Drops[levels[knob]];
                    if (spent + loss > budget)
                    {
                        break;
                    }

                    int held = levels[knob];
                    levels[knob] = level;
                    double worth = (now - Macs(knobs, layers, levels)) / (loss + Negligible);
                    levels[knob] = held;
                    best = worth > best.Worth ? (knob, level, loss, worth) : best;
                }
            }

            if (best.Knob < 0)
            {
                return levels;
            }

            levels[best.Knob] = best.Level;
            spent += best.Loss;
        }
    }

    /// <summary>Estimates the multiply-accumulates that remain.</summary>
    internal static double Macs(
        IReadOnlyList<Sensitivity> knobs, IReadOnlyList<LayerActivations> layers, int[] levels) => layers.Sum(layer =>
    {
        double macs = layer.ActiveMacs;
        for (int knob = 0; knob < knobs.Count; knob++)
        {
            macs *= knobs[knob].Knob.Factor(layer, levels[knob]);
        }

        return macs;
    });
}
