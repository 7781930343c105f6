using System.Text.Json.Nodes;
using Temper.Snooping.Logs;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Says what the agent will do and what the state is worth: one trunk, the sum of both losses (spec point 5).
/// </summary>
public sealed record SeveralHeads : RelatedTask<IFullLog>
{
    /// <inheritdoc/>
    public override string Name => "several-heads";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.SRA;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.ClassesAndValue;

    /// <summary>Discount of a step, 0 to 1.</summary>
    public float Discount { get; init; } = 0.99f;

    /// <summary>What the value's loss counts.</summary>
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
    /// Cross-entropy of all outputs but the last to the action, and the squared error of the last to the value.
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
/// Targets of an action and a number; they are as wide as the output, as a trainer wants them, and the rest is not
/// read.
/// </summary>
internal static class TargetColumns
{
    /// <summary>The first column as class labels, int64 <c>[N]</c>.</summary>
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
