using System.Globalization;
using Temper.Snooping.Logs;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Predicts the value of a state, with squared error to the standardized discounted return as the loss.
/// </summary>
public sealed record ValueAssessor : RelatedTask<IRewardLog>
{
    /// <inheritdoc/>
    public override string Name => "value-assessor";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.SR;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.Value;

    /// <summary>Discount factor per step, 0 to 1.</summary>
    public float Discount { get; init; } = 0.99f;

    internal override TrainingLoss Loss => new MeanSquaredErrorLoss();

    private protected override ProxyData Data(IRewardLog log)
    {
        (int[] steps, float[] returns) = Returns.Discounted(log, Discount);
        float[] values = Returns.Standardized(steps, returns) ?? throw Refused(string.Create(
            CultureInfo.InvariantCulture,
            $"all returns are equal in {log.Count} steps, so nothing can be learned; record more"));
        return new ProxyData { Log = log, Steps = steps, Target = (step, target) =>
            target[0] = values[step], TargetLength = 1, Outputs = 1 };
    }
}

/// <summary>
/// Predicts whether a reward comes within the next steps: a target for environments with rare rewards (our
/// formulation).
/// </summary>
public sealed record RewardPredictor : RelatedTask<IRewardLog>
{
    internal const string TaskName = "reward-predictor";

    /// <inheritdoc/>
    public override string Name => TaskName;

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.SR;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.Rewards;

    /// <summary>Number of steps within which the reward must come, 1 or more.</summary>
    public int Horizon { get; init; } = 8;

    private protected override ProxyData Data(IRewardLog log)
    {
        long[] labels = new long[log.Count];
        foreach (Range episode in FrameHistory.Episodes(log))
        {
            for (int step = episode.Start.Value; step < episode.End.Value; step++)
            {
                // 0: none, 1: negative, 2: positive; the first nonzero reward decides.
                int first = Enumerable.Range(step, Math.Min(Horizon, episode.End.Value - step))
                    .FirstOrDefault(later => log.Reward(later) != 0, -1);
                labels[step] = first < 0 ? 0 : log.Reward(first) < 0 ? 1 : 2;
            }
        }

        return labels.Distinct().Skip(1).Any()
            ? new ProxyData
            {
                Log = log, Steps = [.. Enumerable.Range(0, log.Count)], Labels = labels, Outputs = 3,
                Classes = ["none", "negative", "positive"],
            }
            : throw Refused(string.Create(
                CultureInfo.InvariantCulture,
                $"all {log.Count} steps have the same target, so nothing can be learned; record more"));
    }
}
