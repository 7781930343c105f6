using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Pipeline;

/// <summary>What is removed from a network.</summary>
public enum CompressionStructure
{
    /// <summary>Single weights: most weights go; fast from about 70 % zeros on.</summary>
    Element,

    /// <summary>Blocks of four output channels by one input, which the compiled sparse kernels run fastest.</summary>
    Blocks,

    /// <summary>Whole channels: the network becomes a smaller dense one, fast in every runtime.</summary>
    Channels,

    /// <summary>Channels and blocks are both tried; the better one by the goal is taken.</summary>
    Auto,

    /// <summary>Nothing: for stages that come behind.</summary>
    None,
}

/// <summary>What is done to activations, behind the stage that removes weights.</summary>
public enum CompressionActivations
{
    /// <summary>They stay.</summary>
    None,

    /// <summary>DASNet: winners-take-all, of whole channels in images, so that kernels skip them.</summary>
    Winners,

    /// <summary>
    /// JPnet: winners-take-all of single numbers, found and fine-tuned together with more zeros in the weights.
    /// </summary>
    Joint,
}

/// <summary>What to minimize within the bound on accuracy.</summary>
public enum CompressionGoal
{
    /// <summary>Measured time of one sample, compiled, on this processor.</summary>
    Milliseconds,

    /// <summary>Multiply-accumulate operations with weights that are not zero.</summary>
    Macs,

    /// <summary>Weights that are not zero.</summary>
    Weights,

    /// <summary>Bytes of the saved network.</summary>
    Bytes,
}

/// <summary>How weights or channels are made unimportant; all have the same epochs and trials.</summary>
public enum CompressionMethod
{
    /// <summary>Hoyer-Square over weights or groups (DeepHoyer).</summary>
    Hoyer,

    /// <summary>The baseline L1: over groups the group lasso.</summary>
    L1,

    /// <summary>The baseline by magnitude: trained on without a regularizer, then pruned at once.</summary>
    Magnitude,

    /// <summary>
    /// Gradual magnitude pruning (arXiv:1710.01878): a little more after each epoch of the first three quarters, then
    /// fine-tuning.
    /// </summary>
    Gradual,
}

/// <summary>How a network is made smaller within a bound on accuracy.</summary>
/// <remarks>
/// The stages are those of DeepHoyer (arXiv:1908.09979, section 4): training with a regularizer, pruning, fine-tuning.
/// The search for how much to prune, the teacher and the choice of the strength are ours.
/// </remarks>
public sealed record CompressionOptions
{
    /// <summary>Decides every random number.</summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// Accuracy that may be lost, in points (percent of the samples); on samples that chose nothing it can come out
    /// otherwise.
    /// </summary>
    public double MaxAccuracyDrop { get; init; } = 0.5;

    /// <summary>What is removed.</summary>
    public CompressionStructure Structure { get; init; } = CompressionStructure.Auto;

    /// <summary>What is done to activations.</summary>
    public CompressionActivations Activations { get; init; }

    /// <summary>How channels are scored where they compete.</summary>
    public ChannelScore Score { get; init; }

    /// <summary>How weights or channels are made unimportant.</summary>
    public CompressionMethod Method { get; init; }

    /// <summary>What to minimize.</summary>
    public CompressionGoal Goal { get; init; } = CompressionGoal.Milliseconds;

    /// <summary>Epochs with the regularizer, before anything is pruned.</summary>
    public int RegularizeEpochs { get; init; } = 4;

    /// <summary>Epochs after pruning, for each trial.</summary>
    public int TuneEpochs { get; init; } = 4;

    /// <summary>
    /// Amounts of pruning that are tried for each structure; the first fails or holds, the others halve the interval.
    /// </summary>
    public int Trials { get; init; } = 5;

    /// <summary>
    /// Value of the regularizer where training begins, in units of the loss (nats): its strength follows, so that one
    /// number does for all networks.
    /// </summary>
    public double Pressure { get; init; } = 1;

    /// <summary>Share of the incoming network's answers in the loss, 0 to 1.</summary>
    public float Distillation { get; init; } = 0.5f;

    /// <summary>
    /// Part that is kept in the first trial: of the operations for channels, of the weights otherwise; null: 0.4 for
    /// channels and without training, 0.2 for blocks, 0.1 for single weights.
    /// </summary>
    public double? FirstKept { get; init; }

    /// <summary>Names of layers that stay as they are; a star stands for any text.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>
    /// How is trained: optimizer, batch, transforms. Epochs, objective, regularizers and seed are set by the stages.
    /// </summary>
    public TrainingOptions? Training { get; init; }

    /// <summary>Time for everything; epochs and trials follow. Null: as many as the numbers above say.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>
    /// Epochs that a stage behind these wants, as <see cref="QuantizationStage"/> does: <see cref="MaxTime"/> is
    /// planned with them.
    /// </summary>
    public int LaterEpochs { get; init; }

    internal CompressionOptions Validated()
    {
        Require(MaxAccuracyDrop is >= 0 and <= 100, nameof(MaxAccuracyDrop), "0 to 100 points", MaxAccuracyDrop);
        Require(RegularizeEpochs >= 0, nameof(RegularizeEpochs), "0 or more", RegularizeEpochs);
        Require(TuneEpochs >= 0, nameof(TuneEpochs), "0 or more", TuneEpochs);
        Require(Trials >= 1, nameof(Trials), "1 or more", Trials);
        Require(LaterEpochs >= 0, nameof(LaterEpochs), "0 or more", LaterEpochs);
        Require(Pressure is >= 0 and < double.PositiveInfinity, nameof(Pressure), "0 or more", Pressure);
        Require(Distillation is >= 0 and <= 1, nameof(Distillation), "0 to 1", Distillation);
        Require(FirstKept is null or (> 0 and <= 1), nameof(FirstKept), "above 0 to 1", FirstKept ?? 0);
        Require(MaxTime is null || MaxTime > TimeSpan.Zero, nameof(MaxTime), "above zero", MaxTime?.TotalSeconds ?? 0);
        return this;
    }

    private static void Require(bool fits, string name, string expected, double got)
    {
        if (!fits)
        {
            throw new ArgumentOutOfRangeException(
                name, $"CompressionOptions: does not fit (got {got}, expected {expected})");
        }
    }
}
