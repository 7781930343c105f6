namespace Temper.Growth;

/// <summary>The path of a growth, for reports and scripts.</summary>
public sealed record GrowthRecord
{
    /// <summary>Names of the stages, from the input on.</summary>
    public required IReadOnlyList<string> Stages { get; init; }

    /// <summary>What happened, one entry a growth, stop, roll-back or end.</summary>
    public required IReadOnlyList<GrowthStep> Path { get; init; }

    /// <summary>What each network on the way reached before it grew on, in order.</summary>
    public required IReadOnlyList<GrowthPoint> Points { get; init; }

    /// <summary>Seconds of growing and final training so far.</summary>
    public required double Seconds { get; init; }

    /// <summary>
    /// The points that no other one beats: none has more accuracy for as many MACs or fewer. By MACs.
    /// </summary>
    public IReadOnlyList<GrowthPoint> Pareto
    {
        get
        {
            var front = new List<GrowthPoint>();
            foreach (GrowthPoint point in Points.OrderBy(point => point.Macs).ThenByDescending(point => point.Accuracy))
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

/// <summary>Something that happened while a network grew.</summary>
/// <param name="Event">One of the constants of <see cref="GrowthEvents"/>.</param>
/// <param name="Stage">Which stage, from 0; -1: none in particular.</param>
/// <param name="Depths">Blocks of each stage afterwards.</param>
/// <param name="Epoch">Epochs of growing that had gone by.</param>
/// <param name="Accuracy">Best held-out accuracy so far, 0 to 1.</param>
/// <param name="Parameters">Numbers in all parameters afterwards.</param>
/// <param name="Macs">Multiply-accumulates of one sample afterwards.</param>
/// <param name="Seconds">Since the beginning.</param>
/// <param name="Reason">Why, where that needs words.</param>
public sealed record GrowthStep(
    string Event, int Stage, IReadOnlyList<int> Depths, int Epoch, double Accuracy, long Parameters, long Macs,
        double Seconds, string? Reason = null);

/// <summary>A network on the way, at the end of its interval.</summary>
/// <param name="Depths">Blocks of each stage.</param>
/// <param name="Epoch">Epochs of growing that had gone by.</param>
/// <param name="Accuracy">Best held-out accuracy of its own epochs, 0 to 1.</param>
/// <param name="Parameters">Numbers in all parameters.</param>
/// <param name="Macs">Multiply-accumulates of one sample.</param>
/// <param name="Seconds">Since the beginning.</param>
public sealed record GrowthPoint(
    IReadOnlyList<int> Depths, int Epoch, double Accuracy, long Parameters, long Macs, double Seconds);

/// <summary>Kinds of <see cref="GrowthStep"/>.</summary>
public static class GrowthEvents
{
    /// <summary>Where growing began.</summary>
    public const string Seed = "seed";

    /// <summary>A block was appended.</summary>
    public const string Grow = "grow";

    /// <summary>A stage stopped for ever, since its growth came at a time without gain.</summary>
    public const string Stop = "stop";

    /// <summary>A stage, or growing, ended at a limit.</summary>
    public const string Limit = "limit";

    /// <summary>Training diverged; growing ended.</summary>
    public const string Diverged = "diverged";

    /// <summary>Back to the network of the last real gain.</summary>
    public const string RollBack = "roll-back";

    /// <summary>A trailing block was taken out.</summary>
    public const string Bypass = "bypass";

    /// <summary>The final training has ended.</summary>
    public const string Finish = "finish";
}
