using System.Text.Json.Nodes;
using Temper.Snooping.Logs;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Predicts the agent's action and the value of the state with one shared network; the loss is the weighted sum of both
/// losses.
/// </summary>
public sealed record SeveralHeads : RelatedTask<IFullLog>
{
    /// <inheritdoc/>
    public override string Name => "several-heads";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.SRA;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.ClassesAndValue;

    /// <summary>Discount factor per step, 0 to 1.</summary>
    public float Discount { get; init; } = 0.99f;

    /// <summary>Weight of the value loss.</summary>
    public float ValueWeight { get; init; } = 0.5f;

    internal override TrainingLoss Loss => new ActionAndValueLoss(ValueWeight);

    private protected override ProxyData Data(IFullLog log)
    {
        (int[] steps, float[] returns) = Returns.Discounted(log, Discount);
        float[] values = Returns.Standardized(steps, returns) ?? new float[log.Count];
        int actions = Math.Max(log.Stream.Actions, (int)ActionImitator.Labels(log).Max() + 1);
        return new ProxyData
        {
            Log = log, Steps = steps, Outputs = actions + 1, TargetLength = actions + 1,
            Target = (step, target) => (target[0], target[1]) = (log.Action(step), values[step]),
        };
    }

    /// <summary>
    /// Cross-entropy of all outputs except the last to the action, plus the weighted squared error of the last output
    /// to the value.
    /// </summary>
    private sealed record ActionAndValueLoss(float ValueWeight) : TrainingLoss
    {
        public override Tensor Value(Tensor output, Tensor targets)
        {
            int actions = output.Shape[1] - 1;
            return output.Slice(1, 0, actions).CrossEntropy(TargetColumns.Labels(targets))
                + (ValueWeight * output.Slice(1, actions).MeanSquaredError(targets.Slice(1, 1, 2)));
        }

        public override JsonNode Fingerprint() => new JsonObject { ["valueWeight"] = ValueWeight };
    }
}

/// <summary>
/// Targets that hold an action and a number. They are as wide as the output because the trainer requires it; the other
/// columns are unused.
/// </summary>
internal static class TargetColumns
{
    /// <summary>Returns the first column as class labels, int64 <c>[N]</c>.</summary>
    internal static Tensor Labels(Tensor targets)
    {
        ReadOnlySpan<float> values = targets.AsSpan<float>();
        long[] labels = new long[targets.Shape[0]];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = (long)values[i * targets.Shape[1]];
        }

        return Tensor.From(labels, [labels.Length]);
    }
}
