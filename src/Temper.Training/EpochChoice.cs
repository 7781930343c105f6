namespace Temper.Training;

/// <summary>Which epoch is the best on the validation samples, and when no better one is to be expected.</summary>
internal static class EpochChoice
{
    /// <summary>
    /// More right answers, or as many with a smaller loss; by loss alone where targets are not classes.
    /// </summary>
    internal static bool IsBetter(EpochResult epoch, EpochResult than)
    {
        double gain = Score(epoch) - Score(than);
        return double.IsNaN(epoch.ValidationAccuracy)
            ? gain > 0 || (double.IsNaN(than.ValidationLoss) && !double.IsNaN(epoch.ValidationLoss))
            : gain > 0 || (gain == 0 && epoch.ValidationLoss < than.ValidationLoss);
    }

    /// <summary>
    /// Whether so many epochs as the options allow have gone by since the last one that gained enough over all before
    /// it.
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
