using Temper.Compression.Calibration;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>Prunes a prepared network to the fraction that a trial keeps: in one step, or gradually.</summary>
internal sealed class CandidatePruner(
    CompressionOptions options, ICompressionRun run, CompressionBudget budget, CompressionTrainer trainer,
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
    /// Prunes a little more before each of the first epochs, on a cubic schedule (equation 1 of arXiv:1710.01878).
    /// </summary>
    private (Network Pruned, int Epochs) PruneGradually(Thinning thinning, Network network, double kept, string name)
    {
        int rounds = Math.Max(1, 3 * budget.TuneEpochs / 4);
        double before = 1;
        for (int round = 1; round <= rounds; round++)
        {
            double now = kept + ((1 - kept) * Math.Pow(1 - (round / (double)rounds), 3));
            network = thinning.Prune(network, Amount(thinning, network, thinning.Next(now, before)));
            before = now;
            if (round < rounds)
            {
                network = trainer.FineTuneEpoch(name, round, network);
            }
        }

        return (network, budget.TuneEpochs - rounds + 1);
    }

    /// <summary>Prunes in one step; if milliseconds are the goal, widths are rounded where that is faster.</summary>
    private Network PruneInOneStep(Thinning thinning, Network prepared, double kept, string name)
    {
        PruningAmount amount = Amount(thinning, prepared, kept);
        Network pruned = thinning.Prune(prepared, amount);
        return options.Goal == CompressionGoal.Milliseconds
            ? rounding.Apply(thinning, prepared, amount, pruned, name)
            : pruned;
    }

    private PruningAmount Amount(Thinning thinning, Network network, double kept)
    {
        int count = thinning.IsFitted ? ChannelReconstruction.SampleCount(network) : 0;
        return new PruningAmount(kept, options.Ignore, options.Method)
        {
            Samples = count == 0 ? null : run.TrainingInputs(count),
        };
    }
}
