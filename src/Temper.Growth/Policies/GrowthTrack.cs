namespace Temper.Growth.Policies;

/// <summary>
/// History of epochs and growths on which the policies base their decisions. Saved with each checkpoint.
/// </summary>
public sealed record GrowthTrack
{
    /// <summary>Running maximum of the held-out accuracy, one entry per epoch.</summary>
    public List<double> Best { get; init; } = [];

    /// <summary>Indices of the stages that can still grow, from the input.</summary>
    public List<int> Live { get; init; } = [];

    /// <summary>Index of the stage that grew last; -1: none yet.</summary>
    public int Grown { get; set; } = -1;

    /// <summary>Number of growths so far.</summary>
    public int Growths { get; set; }

    /// <summary>Number of epochs since the last growth.</summary>
    public int Since { get; set; }

    /// <summary>Index of the epoch of the last gain, from 0; -1: none yet.</summary>
    public int GainEpoch { get; set; } = -1;

    /// <summary>Best held-out accuracy at the time of the last growth.</summary>
    public double AccuracyAtGrowth { get; set; }

    /// <summary>Accuracy gained by each stage's last growth; NaN: the stage has not grown yet.</summary>
    public List<double> Gains { get; init; } = [];

    /// <summary>Multiply-accumulates of one block of each stage, per sample.</summary>
    public List<long> BlockMacs { get; init; } = [];

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
        Best.Add(Best.Count == 0 ? accuracy : Math.Max(Best[^1], accuracy));
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
            Gains[Grown] = Best[^1] - AccuracyAtGrowth;
            if (!hasGained && Live.Remove(Grown))
            {
                stopped = Grown;
            }
        }

        Since = 0;
        return stopped;
    }

    /// <summary>Records that a stage has grown.</summary>
    internal void Grew(int stage) =>
        (Grown, Growths, AccuracyAtGrowth) = (stage, Growths + 1, Best.Count > 0 ? Best[^1] : 0);

    internal bool IsPlausible(int stages) =>
        Gains.Count == stages && BlockMacs.Count == stages && Live.TrueForAll(stage => stage >= 0 && stage < stages)
        && Grown >= -1 && Grown < stages && GainEpoch < Best.Count && Since >= 0 && Growths >= 0;
}
