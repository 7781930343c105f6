using System.Globalization;
using Temper.Snooping.Logs;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Predicts the agent's action, with cross-entropy to the recorded actions as the loss (behavior cloning).
/// </summary>
public sealed record ActionImitator : RelatedTask<IActionLog>
{
    /// <inheritdoc/>
    public override string Name => "action-imitator";

    /// <inheritdoc/>
    public override ThreatModel Needs => ThreatModel.SA;

    /// <inheritdoc/>
    public override ProxyGoal Goal => ProxyGoal.Classes;

    private protected override ProxyData Data(IActionLog log)
    {
        long[] labels = Labels(log);
        int count = Math.Max(log.Stream.Actions, (int)labels.Max() + 1);
        return labels.Distinct().Skip(1).Any()
            ? new ProxyData
            {
                Log = log, Steps = [.. Enumerable.Range(0, log.Count)], Labels = labels, Outputs = count,
                Classes = Names(count),
            }
            : throw Refused(string.Create(CultureInfo.InvariantCulture,
                $"the agent took the same action in all {log.Count} steps (action {labels[0]}), so nothing can be "
                + $"learned; record more"));
    }

    internal static long[] Labels(IActionLog log) =>
        [.. Enumerable.Range(0, log.Count).Select(step => (long)log.Action(step))];

    internal static string[] Names(int count) =>
        [.. Enumerable.Range(0, count).Select(index => index.ToString(CultureInfo.InvariantCulture))];
}
