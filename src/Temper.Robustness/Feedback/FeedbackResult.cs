using Temper.Networks;
using Temper.Training.Evaluation;

namespace Temper.Robustness.Feedback;

/// <summary>The result of one round of feedback learning; round 0 is the original network.</summary>
/// <param name="Number">Round number, starting at 0.</param>
/// <param name="Accuracy">Accuracy on the held-out samples, 0 to 1.</param>
/// <param name="Score">Criteria relative to round 0, averaged over all measured families; 1: unchanged.</param>
/// <param name="Space">Criteria of the network after the round, measured on newly drawn training samples.</param>
/// <param name="Feedback">Numbers of examples of each class that the round trained on; empty for round 0.</param>
/// <param name="Training">Passes spent on training.</param>
/// <param name="Probing">Passes spent on the probe after training.</param>
public sealed record FeedbackRound(
    int Number, double Accuracy, double Score, DecisionSpace Space, IReadOnlyList<ClassFeedback> Feedback,
    PassCount Training, PassCount Probing)
{
    /// <summary>The network after the round.</summary>
    internal Network? Network { get; init; }

    /// <summary>For each held-out sample: whether it is classified correctly.</summary>
    internal IReadOnlyList<bool> Right { get; init; } = [];
}

/// <summary>The result of feedback learning.</summary>
/// <param name="Network">Network of the best round.</param>
/// <param name="Rounds">All rounds, starting with the original network.</param>
/// <param name="Best">Number of the best round.</param>
/// <param name="IsWithinBound">
/// Whether the accuracy of the best round on held-out samples is within the allowed loss.
/// </param>
/// <param name="StopReason">Reason for stopping.</param>
public sealed record FeedbackResult(
    Network Network, IReadOnlyList<FeedbackRound> Rounds, int Best, bool IsWithinBound, string StopReason)
{
    /// <summary>Passes spent on all trainings.</summary>
    public PassCount Training => Rounds.Aggregate(default(PassCount), (sum, round) => sum + round.Training);

    /// <summary>Passes spent on all probes.</summary>
    public PassCount Probing => Rounds.Aggregate(default(PassCount), (sum, round) => sum + round.Probing);
}

/// <summary>Decides when to stop and which round to keep.</summary>
internal static class RoundChoice
{
    /// <summary>Returns the reason to stop; null: continue.</summary>
    internal static string? StopReason(IReadOnlyList<FeedbackRound> rounds, FeedbackOptions options)
    {
        FeedbackRound last = rounds[^1];
        if (last.Number > 0 && IsWorse(last, rounds[0], options))
        {
            return FormattableString.Invariant(
                $"held-out accuracy fell by significantly more than {options.MaxAccuracyDrop * 100:0.##} ")
                + "percentage points";
        }

        if (last.Number > 0 && !(last.Score >= rounds[^2].Score * (1 + options.MinGain)))
        {
            return FormattableString.Invariant($"the criteria rose by less than {options.MinGain * 100:0.##} %");
        }

        return last.Number >= options.Rounds ? "all rounds are done" : null;
    }

    /// <summary>
    /// Chooses the round with the best criteria among those within the allowed loss of accuracy, including the original
    /// network. If no trained round is within it, chooses the most accurate trained round and reports that it is
    /// outside.
    /// </summary>
    internal static (int Best, bool IsWithinBound) Choose(IReadOnlyList<FeedbackRound> rounds, FeedbackOptions options)
    {
        bool isAnyWithin = rounds.Skip(1).Any(round => IsWithin(round, rounds[0], options));
        FeedbackRound best = isAnyWithin || rounds.Count == 1
            ? rounds.Where(round => IsWithin(round, rounds[0], options)).MaxBy(round => round.Score)!
            : rounds.Skip(1).MaxBy(round => round.Accuracy)!;
        return (best.Number, isAnyWithin || rounds.Count == 1);
    }

    /// <summary>
    /// Whether more accuracy than allowed is lost beyond the noise of the held-out samples: the paired 95 % interval of
    /// the difference lies below the allowed loss. The measured loss alone would end many runs after their first round,
    /// because the original network often was selected on the same samples, where its accuracy is therefore optimistic.
    /// </summary>
    private static bool IsWorse(FeedbackRound round, FeedbackRound first, FeedbackOptions options) =>
        AccuracyInterval.OfDifference(first.Right, round.Right).High < -options.MaxAccuracyDrop;

    private static bool IsWithin(FeedbackRound round, FeedbackRound first, FeedbackOptions options) =>
        round.Accuracy >= first.Accuracy - options.MaxAccuracyDrop - 1e-12;
}
