using Temper.Networks;

namespace Temper.Robustness.Feedback;

/// <summary>What a round gave; round 0 is the network that came in.</summary>
/// <param name="Number">From 0.</param>
/// <param name="Accuracy">On the held-out samples, 0 to 1.</param>
/// <param name="Score">
/// Mean of the criteria beside round 0, over all families that were measured: 1 where nothing changed.
/// </param>
/// <param name="Space">
/// Criteria of the network after the round, on training samples that the round did not choose.
/// </param>
/// <param name="Feedback">What each class got of the examples that the round trained on; empty for round 0.</param>
/// <param name="Training">Passes of the round's training.</param>
/// <param name="Probing">Passes of the probe after it.</param>
public sealed record FeedbackRound(
    int Number, double Accuracy, double Score, DecisionSpace Space, IReadOnlyList<ClassFeedback> Feedback,
    PassCount Training, PassCount Probing)
{
    /// <summary>The network after the round.</summary>
    internal Network? Network { get; init; }
}

/// <summary>What feedback learning gave.</summary>
/// <param name="Network">The network of the best round.</param>
/// <param name="Rounds">All rounds, that of the incoming network first.</param>
/// <param name="Best">Number of the best round.</param>
/// <param name="IsWithinBound">Whether its accuracy on held-out samples is within the bound.</param>
/// <param name="StopReason">Why there were no more rounds.</param>
public sealed record FeedbackResult(
    Network Network, IReadOnlyList<FeedbackRound> Rounds, int Best, bool IsWithinBound, string StopReason)
{
    /// <summary>Passes of all trainings.</summary>
    public PassCount Training => Rounds.Aggregate(default(PassCount), (sum, round) => sum + round.Training);

    /// <summary>Passes of all probes.</summary>
    public PassCount Probing => Rounds.Aggregate(default(PassCount), (sum, round) => sum + round.Probing);
}

/// <summary>When rounds end, and which one is kept.</summary>
internal static class RoundChoice
{
    /// <summary>Why no further round is worth it; null: go on.</summary>
    internal static string? StopReason(IReadOnlyList<FeedbackRound> rounds, FeedbackOptions options)
    {
        FeedbackRound last = rounds[^1];
        if (last.Number > 0 && !IsWithin(last, rounds[0], options))
        {
            return FormattableString.Invariant(
                $"accuracy on held-out samples fell by more than {options.MaxAccuracyDrop * 100:0.##} points");
        }

        if (last.Number > 0 && !(last.Score >= rounds[^2].Score * (1 + options.MinGain)))
        {
            return FormattableString.Invariant($"the criteria rose by less than {options.MinGain * 100:0.##} %");
        }

        return last.Number >= options.Rounds ? "all rounds are done" : null;
    }

    /// <summary>
    /// The round of the best criteria among those within the bound, the incoming network included. Where only that one
    /// is within it, the most accurate of the others is kept, and said to be outside.
    /// </summary>
    internal static (int Best, bool IsWithinBound) Choose(IReadOnlyList<FeedbackRound> rounds, FeedbackOptions options)
    {
        bool isAnyWithin = rounds.Skip(1).Any(round => IsWithin(round, rounds[0], options));
        FeedbackRound best = isAnyWithin || rounds.Count == 1
            ? rounds.Where(round => IsWithin(round, rounds[0], options)).MaxBy(round => round.Score)!
            : rounds.Skip(1).MaxBy(round => round.Accuracy)!;
        return (best.Number, isAnyWithin || rounds.Count == 1);
    }

    private static bool IsWithin(FeedbackRound round, FeedbackRound first, FeedbackOptions options) =>
        round.Accuracy >= first.Accuracy - options.MaxAccuracyDrop - 1e-12;
}
