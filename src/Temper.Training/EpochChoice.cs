namespace Temper.Training;

/// <summary>Finds the best epoch on the validation set and decides on early stopping.</summary>
internal static class EpochChoice
{
    /// <summary>
    /// Returns whether an epoch is better than another: higher validation accuracy, or equal accuracy and a lower
    /// validation loss. Without class labels only the loss is compared.
    /// </summary>
    internal static bool IsBetter(EpochResult epoch, EpochResult than)
    {
        double gain = Score(epoch) - Score(than);
        return double.IsNaN(epoch.ValidationAccuracy)
            ? gain > 0 || (double.IsNaN(than.ValidationLoss) && !double.IsNaN(epoch.ValidationLoss))
            : gain > 0 || (gain == 0 && epoch.ValidationLoss < than.ValidationLoss);
    }

    /// <summary>
    /// Returns whether training stops early: <see cref="EarlyStopping.Patience"/> epochs have passed since the last
    /// epoch that exceeded the best earlier one by more than <see cref="EarlyStopping.MinimumGain"/>.
    /// </summary>
    internal static bool ShouldStop(IReadOnlyList<EpochResult> history, EarlyStopping? options)
    {
        if (options is null || history.Count == 0)
        {
            return false;
        }

        int last = 0;
        double best = double.NegativeInfinity;
        for (int i = 0; i < history.Count; i++)
        {
            double score = Score(history[i]);
            if (score > best + options.MinimumGain)
            {
                (last, best) = (i, score);
            }
        }

        return history.Count - 1 - last >= options.Patience;
    }

    private static double Score(EpochResult epoch) =>
        double.IsNaN(epoch.ValidationAccuracy) ? -epoch.ValidationLoss : epoch.ValidationAccuracy;
}
