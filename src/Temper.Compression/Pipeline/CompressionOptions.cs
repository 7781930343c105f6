using System.Globalization;
using Temper.Compression.Distillation;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Pipeline;

/// <summary>What compression removes from a network.</summary>
public enum CompressionStructure
{
    /// <summary>Single weights: removes the most weights; faster from about 70 % zeros on.</summary>
    Element,

    /// <summary>
    /// Blocks of four output channels by one input, the block shape with the fastest compiled sparse kernels.
    /// </summary>
    Blocks,

    /// <summary>Whole channels: the result is a smaller dense network, which is faster in every runtime.</summary>
    Channels,

    /// <summary>
    /// Tries channels and blocks, and takes the better result according to <see cref="CompressionGoal"/>.
    /// </summary>
    Auto,

    /// <summary>Nothing is removed; only later stages run.</summary>
    None,
}

/// <summary>What compression does to activations, after the stage that removes weights.</summary>
public enum CompressionActivations
{
    /// <summary>Activations are unchanged.</summary>
    None,

    /// <summary>DASNet: winners-take-all; in images whole channels compete, so that kernels can skip them.</summary>
    Winners,

    /// <summary>
    /// JPnet: winners-take-all over single elements, chosen and fine-tuned together with further pruning of the
    /// weights.
    /// </summary>
    Joint,
}

/// <summary>What compression minimizes, within the bound on accuracy.</summary>
public enum CompressionGoal
{
    /// <summary>Measured time of one sample, compiled, on this processor.</summary>
    Milliseconds,

    /// <summary>Multiply-accumulates with nonzero weights.</summary>
    Macs,

    /// <summary>Number of nonzero weights.</summary>
    Weights,

    /// <summary>Size of the saved network in bytes.</summary>
    Bytes,
}

/// <summary>
/// How weights or channels are driven toward zero before pruning. All methods have the same numbers of epochs and
/// trials.
/// </summary>
public enum CompressionMethod
{
    /// <summary>Hoyer-Square over weights or groups (DeepHoyer).</summary>
    Hoyer,

    /// <summary>L1 baseline; for groups it is the group lasso.</summary>
    L1,

    /// <summary>Magnitude baseline: trains without a regularizer, then prunes in one step.</summary>
    Magnitude,

    /// <summary>
    /// Gradual magnitude pruning (arXiv:1710.01878): prunes a little more before each of the first three quarters of
    /// the fine-tuning epochs. With one epoch it equals <see cref="Magnitude"/>.
    /// </summary>
    Gradual,
}

/// <summary>Options of compression within a bound on accuracy.</summary>
/// <remarks>
/// The stages follow DeepHoyer (arXiv:1908.09979, section 4): training with a regularizer, pruning, fine-tuning. The
/// search for the pruning ratio, the teacher and the choice of the strength are not part of the paper.
/// </remarks>
public sealed record CompressionOptions
{
    /// <summary>
    /// Difference of accuracies that counts as rounding; one sample of a billion makes a larger difference.
    /// </summary>
    private const double Rounding = 1e-10;

    /// <summary>Seed of all random numbers.</summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// Largest accepted loss of accuracy on the validation samples, in percentage points, 0 to 100. The loss on samples
    /// not used for selection can differ.
    /// </summary>
    public double MaxAccuracyDrop { get; init; } = 0.5;

    /// <summary>What is removed.</summary>
    public CompressionStructure Structure { get; init; } = CompressionStructure.Auto;

    /// <summary>What is done to activations.</summary>
    public CompressionActivations Activations { get; init; }

    /// <summary>Score that ranks channels in winners-take-all.</summary>
    public ChannelScore Score { get; init; }

    /// <summary>How weights or channels are driven toward zero before pruning.</summary>
    public CompressionMethod Method { get; init; }

    /// <summary>What to minimize.</summary>
    public CompressionGoal Goal { get; init; } = CompressionGoal.Milliseconds;

    /// <summary>Number of epochs with the regularizer, before pruning.</summary>
    public int RegularizeEpochs { get; init; } = 4;

    /// <summary>Number of fine-tuning epochs after pruning, for each trial.</summary>
    public int TuneEpochs { get; init; } = 4;

    /// <summary>Maximum number of pruning ratios tried for each structure, by bisection.</summary>
    public int Trials { get; init; } = 5;

    /// <summary>
    /// Initial value of the regularization term, in units of the loss (nats). The regularizer's strength is derived
    /// from it, so that one value suits all networks.
    /// </summary>
    public double Pressure { get; init; } = 1;

    /// <summary>
    /// Whether a network that is slower on this processor than the original may be returned, for example because
    /// another machine will run it. Not with the goal <see cref="CompressionGoal.Milliseconds"/>.
    /// </summary>
    public bool AllowsSlower { get; init; }

    /// <summary>
    /// Weight of the distillation term (the original network's outputs as targets) in the loss, 0 to 1.
    /// </summary>
    public float Distillation { get; init; } = 0.5f;

    /// <summary>
    /// Fraction of the training samples blended in pairs, 0 to 1; needs a <see cref="Distillation"/> of 1. See <see
    /// cref="DistillationObjective.Mixup"/>.
    /// </summary>
    public double Mixup { get; init; }

    /// <summary>
    /// Fraction kept in the first trial, above 0 to 1: of the MACs for channels, of the weights otherwise. Null: 0.4
    /// for channels and without training, 0.2 for blocks, 0.1 for single weights.
    /// </summary>
    public double? FirstKept { get; init; }

    /// <summary>
    /// Names of layers that are not regularized, pruned, thinned or quantized; they are fine-tuned like the others.
    /// <c>*</c> matches any text.
    /// </summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>
    /// Options of training, such as optimizer, batch size and transforms; null: defaults. Epochs, schedule (cosine),
    /// objective, regularizers and seed are set by the stages; those given here are not used.
    /// </summary>
    public TrainingOptions? Training { get; init; }

    /// <summary>
    /// Weight decay of the training with a Hoyer regularizer, 0 or more. Null: that of the optimizer, or 1e-4 if the
    /// optimizer has none, since these regularizers do not limit the size of weights.
    /// </summary>
    public float? HoyerWeightDecay { get; init; }

    /// <summary>
    /// Time limit for everything; epochs and trials are reduced to fit. A resumed run keeps its plan, and the time of
    /// its finished stages counts. Null: not limited.
    /// </summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>
    /// Number of epochs that a later stage, such as <see cref="QuantizationStage"/>, will need. <see cref="MaxTime"/>
    /// is planned to leave time for them.
    /// </summary>
    public int LaterEpochs { get; init; }

    /// <summary>Returns whether the loss of accuracy is at most <see cref="MaxAccuracyDrop"/>.</summary>
    /// <param name="accuracy">Accuracy of a network, 0 to 1.</param>
    /// <param name="before">Accuracy of the original network on the same samples, 0 to 1.</param>
    internal bool IsWithinBound(double accuracy, double before) =>
        before - accuracy <= (MaxAccuracyDrop / 100) + Rounding;

    internal CompressionOptions Validated()
    {
        ArgumentNullException.ThrowIfNull(Ignore);
        Require(MaxAccuracyDrop is >= 0 and <= 100, nameof(MaxAccuracyDrop), "0 to 100 points", MaxAccuracyDrop);
        Require(RegularizeEpochs >= 0, nameof(RegularizeEpochs), "0 or more", RegularizeEpochs);
        Require(TuneEpochs >= 0, nameof(TuneEpochs), "0 or more", TuneEpochs);
        Require(Trials >= 1, nameof(Trials), "1 or more", Trials);
        Require(LaterEpochs >= 0, nameof(LaterEpochs), "0 or more", LaterEpochs);
        Require(Pressure is >= 0 and < double.PositiveInfinity, nameof(Pressure), "0 or more", Pressure);
        if (AllowsSlower && Goal is CompressionGoal.Milliseconds)
        {
            throw new ArgumentException("CompressionOptions: AllowsSlower contradicts the goal milliseconds (got both, "
                + "expected one of them); choose another goal", nameof(AllowsSlower));
        }

        Require(Distillation is >= 0 and <= 1, nameof(Distillation), "0 to 1", Distillation);
        Require(
            Mixup == 0 || (Mixup is > 0 and <= 1 && Distillation >= 1), nameof(Mixup),
            "0, or at most 1 with a distillation weight of 1", Mixup);
        Require(FirstKept is null or (> 0 and <= 1), nameof(FirstKept), "above 0 to 1", FirstKept ?? 0);
        Require(
            HoyerWeightDecay is null or (>= 0 and < float.PositiveInfinity), nameof(HoyerWeightDecay), "0 or more",
            HoyerWeightDecay ?? 0);
        Require(MaxTime is null || MaxTime > TimeSpan.Zero, nameof(MaxTime), "above zero", MaxTime?.TotalSeconds ?? 0);
        return this;
    }

    private static void Require(bool fits, string name, string expected, double got)
    {
        if (!fits)
        {
            throw new ArgumentOutOfRangeException(name, string.Create(
                CultureInfo.InvariantCulture,
                $"CompressionOptions: {name} is out of range (got {got}, expected {expected})"));
        }
    }
}
