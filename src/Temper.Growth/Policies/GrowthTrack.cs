using System.Text.Json.Serialization;

namespace Temper.Growth.Policies;

/// <summary>
/// History of epochs and growths on which the policies base their decisions. Saved with each checkpoint. Policies read
/// it; only growth changes it.
/// </summary>
public sealed record GrowthTrack
{
    /// <summary>Running maximum of the held-out accuracy, 0 to 1, one entry per epoch.</summary>
    [JsonInclude]
    public IReadOnlyList<double> Best { get; internal set; } = [];

    /// <summary>Indices of the stages that can still grow, from the input.</summary>
    [JsonInclude]
    public IReadOnlyList<int> Live { get; internal set; } = [];

    /// <summary>Index of the stage that grew last; -1: none yet.</summary>
    [JsonInclude]
    public int Grown { get; internal set; } = -1;

    /// <summary>Number of growths so far.</summary>
    [JsonInclude]
    public int Growths { get; internal set; }

    /// <summary>Number of epochs since the last growth.</summary>
    [JsonInclude]
    public int Since { get; internal set; }

    /// <summary>Index of the epoch of the last gain, from 0; -1: none yet.</summary>
    [JsonInclude]
    public int GainEpoch { get; internal set; } = -1;

    /// <summary>Best held-out accuracy at the time of the last growth, 0 to 1.</summary>
    [JsonInclude]
    public double AccuracyAtGrowth { get; internal set; }

    /// <summary>Accuracy gained by each stage's last growth, 0 to 1; NaN: the stage has not grown yet.</summary>
    [JsonInclude]
    public IReadOnlyList<double> Gains { get; internal set; } = [];

    /// <summary>Multiply-accumulates of one block of each stage, per sample.</summary>
    [JsonInclude]
    public IReadOnlyList<long> BlockMacs { get; internal set; } = [];

    /// <summary>Index of the newest epoch, from 0.</summary>
    internal int Now => Best.Count - 1;

    /// <summary>Creates a track on which all stages can grow.</summary>
    /// <param name="blockMacs">Multiply-accumulates of one block of each stage, per sample.</param>
    internal static GrowthTrack Begin(IEnumerable<long> blockMacs)
    {
        long[] macs = [.. blockMacs];
        return new GrowthTrack
        {
            Live = [.. Enumerable.Range(0, macs.Length)], BlockMacs = [.. macs],
            Gains = [.. macs.Select(_ => double.NaN)],
        };
    }

    /// <summary>Records the held-out accuracy of an epoch.</summary>
    internal void AddEpoch(double accuracy)
    {
        Best = [.. Best, Best.Count == 0 ? accuracy : Math.Max(Best[^1], accuracy)];
        Since++;
    }

    /// <summary>
    /// Ends an interval: credits the gained accuracy to the stage that grew last, and stops that stage if there was no
    /// gain.
    /// </summary>
    /// <returns>Index of the stage that stopped; -1: none.</returns>
    internal int EndInterval(bool hasGained)
    {
        int stopped = -1;
        if (Grown >= 0)
        {
            Gains = [.. Gains.Select((gain, stage) => stage == Grown ? Best[^1] - AccuracyAtGrowth : gain)];
            if (!hasGained && Live.Contains(Grown))
            {
                stopped = Grown;
                Stop(stopped);
            }
        }

        Since = 0;
        return stopped;
    }

    /// <summary>Records that a stage can no longer grow.</summary>
    internal void Stop(int stage) => Live = [.. Live.Where(other => other != stage)];

    /// <summary>Records that no stage can grow any more.</summary>
    internal void StopAll() => Live = [];

    /// <summary>Records that a stage has grown.</summary>
    internal void Grew(int stage) =>
        (Grown, Growths, AccuracyAtGrowth) = (stage, Growths + 1, Best.Count > 0 ? Best[^1] : 0);

    internal bool IsPlausible(int stages) =>
        Gains.Count == stages && BlockMacs.Count == stages && Live.All(stage => stage >= 0 && stage < stages)
        && Grown >= -1 && Grown < stages && GainEpoch < Best.Count && Since >= 0 && Growths >= 0;
}
