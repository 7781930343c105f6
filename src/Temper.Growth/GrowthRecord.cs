namespace Temper.Growth;

/// <summary>Record of a growth, for reports and scripts.</summary>
public sealed record GrowthRecord
{
    /// <summary>Names of the stages, from the input.</summary>
    public required IReadOnlyList<string> Stages { get; init; }

    /// <summary>Events, one entry per growth, stop, roll-back or end.</summary>
    public required IReadOnlyList<GrowthStep> Path { get; init; }

    /// <summary>
    /// Number of steps at the start of <see cref="Path"/> that a resumed run read from its checkpoint and that were
    /// therefore reported before; 0: the growth was not resumed.
    /// </summary>
    public int RestoredSteps { get; init; }

    /// <summary>Results of each intermediate network at the end of its interval, in order.</summary>
    public required IReadOnlyList<GrowthPoint> Points { get; init; }

    /// <summary>
    /// Networks measured after growth and before the final training, in order: after roll-back, after each removal of a
    /// block, and each repaired one, also those that were not taken.
    /// </summary>
    public IReadOnlyList<GrowthPoint> Measured { get; init; } = [];

    /// <summary>Seconds of growth and final training so far.</summary>
    public required double Seconds { get; init; }

    /// <summary>
    /// The Pareto front of <see cref="Points"/> and <see cref="Measured"/>, ordered by MACs: points for which no other
    /// point has higher accuracy at the same or fewer MACs. Of points with equal depths only the last one counts.
    /// </summary>
    public IReadOnlyList<GrowthPoint> Pareto
    {
        get
        {
            var front = new List<GrowthPoint>();
            IEnumerable<GrowthPoint> last = Points.Concat(Measured)
                .GroupBy(point => string.Join('-', point.Depths), StringComparer.Ordinal).Select(group => group.Last());
            foreach (GrowthPoint point in last.OrderBy(point => point.Macs).ThenByDescending(point => point.Accuracy))
            {
                if (front.Count == 0 || point.Accuracy > front[^1].Accuracy)
                {
                    front.Add(point);
                }
            }

            return front;
        }
    }
}

/// <summary>An event during growth.</summary>
/// <param name="Event">Kind of event; one of the constants of <see cref="GrowthEvents"/>.</param>
/// <param name="Stage">Index of the stage, from 0; -1: no particular stage.</param>
/// <param name="Depths">Number of blocks of each stage after the event.</param>
/// <param name="Epoch">Number of epochs of growth completed.</param>
/// <param name="Accuracy">
/// Held-out accuracy, 0 to 1. Of <c>grow</c>, <c>stop</c>, <c>limit</c> and <c>diverged</c>: the best of growth so far.
/// Of <c>roll-back</c>, <c>bypass</c>, <c>shorten</c> and <c>finish</c>: that of the network after the event. Null: not
/// measured, as of the seed, and of a shortened network that was not repaired itself.
/// </param>
/// <param name="Parameters">Number of parameter values after the event.</param>
/// <param name="Macs">Multiply-accumulates per sample after the event.</param>
/// <param name="Seconds">Seconds since the start.</param>
/// <param name="Reason">Explanation of the event; null: none.</param>
public sealed record GrowthStep(
    string Event, int Stage, IReadOnlyList<int> Depths, int Epoch, double? Accuracy, long Parameters, long Macs,
        double Seconds, string? Reason = null);

/// <summary>An intermediate network at the end of its interval, or one that was measured after growth.</summary>
/// <param name="Depths">Number of blocks of each stage.</param>
/// <param name="Epoch">Number of epochs of growth completed.</param>
/// <param name="Accuracy">
/// Held-out accuracy, 0 to 1: the best of the interval's epochs, or of the repair's; else that of the network.
/// </param>
/// <param name="Parameters">Number of parameter values.</param>
/// <param name="Macs">Multiply-accumulates per sample.</param>
/// <param name="Seconds">Seconds since the start.</param>
public sealed record GrowthPoint(
    IReadOnlyList<int> Depths, int Epoch, double Accuracy, long Parameters, long Macs, double Seconds);

/// <summary>Kinds of <see cref="GrowthStep"/>.</summary>
public static class GrowthEvents
{
    /// <summary>Start of growth.</summary>
    public const string Seed = "seed";

    /// <summary>A block was appended.</summary>
    public const string Grow = "grow";

    /// <summary>A stage stopped growing, because there was no gain in the window after its growth.</summary>
    public const string Stop = "stop";

    /// <summary>A stage, or the whole growth, reached a limit.</summary>
    public const string Limit = "limit";

    /// <summary>Training diverged; growth ended.</summary>
    public const string Diverged = "diverged";

    /// <summary>Return to the network at the last gain.</summary>
    public const string RollBack = "roll-back";

    /// <summary>A trailing block was removed.</summary>
    public const string Bypass = "bypass";

    /// <summary>A block was removed, and the network repaired by a short training.</summary>
    public const string Shorten = "shorten";

    /// <summary>End of the final training.</summary>
    public const string Finish = "finish";
}
