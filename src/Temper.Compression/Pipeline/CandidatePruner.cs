using Temper.Compression.Calibration;
using Temper.Networks;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>Prunes a prepared network to the fraction that a trial keeps: in one step, or gradually.</summary>
internal sealed class CandidatePruner(
    CompressionOptions options, IMethodRun run, CompressionBudget budget, CompressionTrainer trainer,
    WidthRounding rounding)
{
    /// <summary>Prunes a network.</summary>
    /// <param name="thinning">Structure to remove.</param>
    /// <param name="prepared">Network trained with the regularizer.</param>
    /// <param name="kept">Fraction to keep.</param>
    /// <param name="name">Name of the trial.</param>
    /// <returns>The pruned network, and the number of epochs left to fine-tune it.</returns>
    internal (Network Pruned, int Epochs) Prune(Thinning thinning, Network prepared, double kept, string name) =>
        options.Method == CompressionMethod.Gradual && budget.TuneEpochs > 1
            ? PruneGradually(thinning, prepared, kept, name)
            : (PruneInOneStep(thinning, prepared, kept, name), budget.TuneEpochs);

    /// <summary>
    /// Prunes a little more before each of the first epochs, on a cubic schedule (equation 1 of arXiv:1710.01878). Like
    /// pruning in one step, the last step may round widths.
    /// </summary>
    private (Network Pruned, int Epochs) PruneGradually(Thinning thinning, Network network, double kept, string name)
    {
        int rounds = Math.Max(1, 3 * budget.TuneEpochs / 4);
        double before = 1;
        for (int round = 1; round < rounds; round++)
        {
            double now = kept + ((1 - kept) * Math.Pow(1 - (round / (double)rounds), 3));
            network = thinning.Prune(network, Amount(thinning, network, thinning.Next(now, before)));
            network = trainer.FineTuneEpoch(name, round, network);
            before = now;
        }

        return (PruneInOneStep(thinning, network, thinning.Next(kept, before), name), budget.TuneEpochs - rounds + 1);
    }

    /// <summary>Prunes in one step; if milliseconds are the goal, widths are rounded where that is faster.</summary>
    private Network PruneInOneStep(Thinning thinning, Network network, double kept, string name)
    {
        PruningAmount amount = Amount(thinning, network, kept);
        Network pruned = thinning.Prune(network, amount);
        return options.Goal == CompressionGoal.Milliseconds
            ? rounding.Apply(thinning, network, amount, pruned, name)
            : pruned;
    }

    private PruningAmount Amount(Thinning thinning, Network network, double kept)
    {
        int count = thinning.IsFitted ? ChannelReconstruction.SampleCount(network) : 0;
        return new PruningAmount(kept, options.Ignore, options.Method)
        {
            Samples = count == 0 ? null : CalibrationSplit.Inputs(run.Train, count),
        };
    }
}
