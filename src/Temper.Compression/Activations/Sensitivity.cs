using Temper.Networks;

namespace Temper.Compression.Activations;

/// <summary>What thinning one thing alone does to accuracy before any training: its significance.</summary>
/// <param name="Knob">What is thinned.</param>
/// <param name="Drops">Accuracy lost at each level from 0 on, as a part of the samples; never falling.</param>
internal sealed record Sensitivity(Knob Knob, IReadOnlyList<double> Drops)
{
    /// <summary>
    /// A thinning that loses more than this by itself is as good as refused, and the levels behind it are not measured.
    /// </summary>
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
/// Levels for all knobs under one budget of accuracy: again and again the step is taken that saves the most
/// multiply-accumulates for the accuracy it is thought to cost, losses being added up. Fine-tuning wins back most of
/// what is thought lost, so budgets are several times the bound.
/// </summary>
internal static class RateChoice
{
    /// <summary>Accuracy that counts as nothing beside the noise of a measurement.</summary>
    private const double Negligible = 2e-4;

    /// <param name="knobs">What each thinning costs.</param>
    /// <param name="layers">What is multiplied before.</param>
    /// <param name="budget">Sum of losses, as a part of the samples.</param>
    /// <returns>A level for each knob.</returns>
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
                // A step may jump over levels that bring nothing by themselves.
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

    /// <summary>Multiply-accumulates that are thought to be left.</summary>
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
