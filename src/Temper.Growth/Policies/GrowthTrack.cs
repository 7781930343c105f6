namespace Temper.Growth.Policies;

/// <summary>
/// What the growth loop remembers of its epochs and growths: all that policies decide by. Saved with each checkpoint.
/// </summary>
public sealed record GrowthTrack
{
    /// <summary>Running maximum of the held-out accuracy, one entry an epoch.</summary>
    public List<double> Best { get; init; } = [];

    /// <summary>Stages that may still grow, by index, from the input on.</summary>
    public List<int> Live { get; init; } = [];

    /// <summary>The stage that grew last; -1: none yet.</summary>
    public int Grown { get; set; } = -1;

    /// <summary>Growths so far.</summary>
    public int Growths { get; set; }

    /// <summary>Epochs since the last growth.</summary>
    public int Since { get; set; }

    /// <summary>The epoch of the last real gain, from 0; -1: none yet.</summary>
    public int GainEpoch { get; set; } = -1;

    /// <summary>Held-out accuracy at the last growth.</summary>
    public double AccuracyAtGrowth { get; set; }

    /// <summary>Accuracy that each stage's last growth gained; NaN: it has not grown yet.</summary>
    public List<double> Gains { get; init; } = [];

    /// <summary>MACs of one block of each stage.</summary>
    public List<long> BlockMacs { get; init; } = [];

    /// <summary>The newest epoch, from 0.</summary>
    internal int Now => Best.Count - 1;

    /// <summary>Begins with all stages alive.</summary>
    /// <param name="blockMacs">MACs of one block of each stage.</param>
    internal static GrowthTrack Begin(IEnumerable<long> blockMacs)
    {
        long[] macs = [.. blockMacs];
        return new GrowthTrack
        {
            Live = [.. Enumerable.Range(0, macs.Length)], BlockMacs = [.. macs],
            Gains = [.. macs.Select(_ => double.NaN)],
        };
    }

    /// <summary>Takes an epoch's accuracy in.</summary>
    internal void AddEpoch(double accuracy)
    {
        Best.Add(Best.Count == 0 ? accuracy : Math.Max(Best[^1], accuracy));
        Since++;
    }

    /// <summary>
    /// Ends an interval: what the last growth gained is credited to its stage, which ends growing where nothing was
    /// gained.
    /// </summary>
    /// <returns>The stage that has stopped for ever; -1: none.</returns>
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

    /// <summary>A stage has grown.</summary>
    internal void Grew(int stage) =>
        (Grown, Growths, AccuracyAtGrowth) = (stage, Growths + 1, Best.Count > 0 ? Best[^1] : 0);

    internal bool IsPlausible(int stages) =>
        Gains.Count == stages && BlockMacs.Count == stages && Live.TrueForAll(stage => stage >= 0 && stage < stages)
        && Grown >= -1 && Grown < stages && GainEpoch < Best.Count && Since >= 0 && Growths >= 0;
}
