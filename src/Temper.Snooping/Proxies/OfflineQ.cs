using System.Text.Json.Nodes;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Networks;
using Temper.Snooping.Logs;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Learns action values from the log alone: fitted Q iteration with the conservative penalty of arXiv:2006.04779.
/// Attacks treat the result as a policy, softmax(Q).
/// </summary>
public sealed record OfflineQ : RelatedTask<IFullLog>
{
    /// <inheritdoc/>
    public override string Name => "offline-q";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.SRA;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.Classes;

    /// <summary>Discount factor per step, 0 to 1.</summary>
    public float Discount { get; init; } = 0.99f;

    /// <summary>
    /// Weight of the conservative penalty log sum exp Q - Q(a), which equals the cross-entropy of Q to the recorded
    /// action.
    /// </summary>
    public float Penalty { get; init; } = 1;

    /// <summary>The network that estimates the value of the next state; null: the next state counts as 0.</summary>
    internal Network? Target { get; init; }

    internal override TrainingLoss Loss => new ConservativeLoss(Penalty);

    private protected override ProxyData Data(IFullLog log)
    {
        int actions = Math.Max(log.Stream.Actions, (int)ActionImitator.Labels(log).Max() + 1);
        int[] steps = [.. Enumerable.Range(0, log.Count - 1)];
        float[] later = Target is { } network ? BestLater(log, network) : new float[log.Count];
        return steps.Length > 0 ? new ProxyData
        {
            Log = log, Steps = steps, Outputs = actions, TargetLength = actions,

            // y = r + gamma max_a Q(o', a); y = r at the end of an episode.
            Target = (step, target) => (target[0], target[1]) = (log.Action(step), log.Reward(step)
                + (log.IsFirst(step + 1) ? 0 : Discount * later[step + 1])),
        } : throw Refused("the log needs two steps or more; record more");
    }

    private static float[] BestLater(IFullLog log, Network network)
    {
        const int Batch = 256;
        float[] best = new float[log.Count];
        int size = log.Stream.StackShape.Count;
        for (int start = 0; start < log.Count; start += Batch)
        {
            int rows = Math.Min(Batch, log.Count - start);
            float[] stacks = new float[rows * size];
            for (int i = 0; i < rows; i++)
            {
                FrameHistory.Copy(log, start + i, stacks.AsSpan(i * size, size));
            }

            Tensor values = network.Forward(Tensor.From(stacks, [rows, .. log.Stream.StackShape.AsSpan()]));
            for (int i = 0; i < rows; i++)
            {
                best[start + i] = TensorPrimitives.Max(
                    values.AsSpan<float>().Slice(i * values.Shape[1], values.Shape[1]));
            }
        }

        return best;
    }

    /// <summary>The loss (Q(a) - y)^2 + penalty (log sum exp Q - Q(a)).</summary>
    private sealed record ConservativeLoss(float Penalty) : TrainingLoss
    {
        public override Tensor Value(Tensor output, Tensor targets)
        {
            Tensor actions = TargetColumns.Labels(targets);
            float[] chosen = new float[output.Count];
            for (int i = 0; i < actions.Count; i++)
            {
                chosen[(i * output.Shape[1]) + (int)actions.AsSpan<long>()[i]] = 1;
            }

            Tensor q = (output * Tensor.From(chosen, output.Shape)).Sum([1], keepDims: true);
            return q.MeanSquaredError(targets.Slice(1, 1, 2)) + (Penalty * output.CrossEntropy(actions));
        }

        public override JsonNode Fingerprint() => new JsonObject { ["penalty"] = Penalty };
    }
}
