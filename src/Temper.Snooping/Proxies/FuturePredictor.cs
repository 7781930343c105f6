using System.Globalization;
using Temper.Snooping.Logs;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Predicts the next observation, with cross-entropy of each value as the loss. Values must be between 0 and 1.
/// </summary>
public sealed record FuturePredictor : RelatedTask<IStateLog>
{
    /// <inheritdoc/>
    public override string Name => "future-predictor";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.S;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.Cells;

    internal override TrainingLoss Loss => new BinaryCrossEntropyLoss();

    private protected override ProxyData Data(IStateLog log)
    {
        if (log.Stream is not { Minimum: >= 0, Maximum: <= 1 })
        {
            throw Refused(string.Create(CultureInfo.InvariantCulture,
                $"needs observations between 0 and 1 (got {log.Stream.Minimum} to {log.Stream.Maximum})"));
        }

        int[] steps = [.. Enumerable.Range(0, log.Count - 1).Where(step => !log.IsFirst(step + 1))];
        int size = log.Stream.FrameShape.Count;
        return steps.Length > 0
            ? new ProxyData { Log = log, Steps = steps, Target = (step, target) =>
                log.Observation(step + 1).CopyTo(target), TargetLength = size, Outputs = size }
            : throw Refused("every episode of the log has only one observation; record more");
    }
}
