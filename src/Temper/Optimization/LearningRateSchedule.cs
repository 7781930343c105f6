using System.Globalization;
using System.Text.Json.Serialization;

namespace Temper.Optimization;

/// <summary>
/// Schedule of the learning rate: a factor on the optimizer's rate. It depends only on the position in the run, so a
/// resumed run needs no schedule state.
/// </summary>
/// <remarks>
/// For a schedule of your own, derive a record. Checkpoints identify it by its type and its text, which contains all
/// public properties.
/// </remarks>
/// <example><code>
/// public sealed record SquareRootSchedule : LearningRateSchedule
/// {
///     public override double Factor(double epoch, double epochs) => 1 / Math.Sqrt(1 + epoch);
///
///     public override bool DependsOnLength => false;
/// }
/// </code></example>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ConstantSchedule), "constant")]
[JsonDerivedType(typeof(CosineSchedule), "cosine")]
[JsonDerivedType(typeof(MultiStepSchedule), "multi-step")]
[JsonDerivedType(typeof(OneCycleSchedule), "one-cycle")]
[JsonDerivedType(typeof(StepSchedule), "step")]
[JsonDerivedType(typeof(WarmUpSchedule), "warm-up")]
public abstract record LearningRateSchedule
{
    /// <summary>Creates a schedule whose options are set by an initializer.</summary>
    protected LearningRateSchedule()
    {
    }

    /// <summary>Computes the factor at a position in the run.</summary>
    /// <param name="epoch">
    /// Position in epochs, including the fraction of the current epoch; 0 at the first step.
    /// </param>
    /// <param name="epochs">Length of the run in epochs, above 0.</param>
    /// <returns>The factor, 0 or more. The learning rate of a step is the optimizer's rate times this factor.</returns>
    public abstract double Factor(double epoch, double epochs);

    /// <summary>
    /// True if the factors depend on the length of the run; such a run cannot be extended to more epochs.
    /// </summary>
    [JsonIgnore]
    public virtual bool DependsOnLength => true;

    /// <summary>Throws if an option is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An option is out of range; the message contains its name.
    /// </exception>
    public virtual void Validate()
    {
    }

    private protected static void Require(bool holds, double value, string option, string expected)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(option, string.Create(
                CultureInfo.InvariantCulture,
                $"learning-rate schedule: {option} is out of range (got {value}, expected {expected})"));
        }
    }
}

/// <summary>Constant schedule: always the optimizer's rate.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override bool DependsOnLength => false;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs) => 1;
}

/// <summary>Multiplies the rate by <see cref="Gamma"/> after every <see cref="Every"/> epochs.</summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>Number of epochs between two changes of the rate, above 0. Default: 30.</summary>
    public double Every { get; init; } = 30;

    /// <summary>Factor by which the learning rate is multiplied at each step; 0 or more. Default: 0.1.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <inheritdoc/>
    public override bool DependsOnLength => false;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs) => Math.Pow(Gamma, Math.Floor(epoch / Every));

    /// <inheritdoc/>
    public override void Validate()
    {
        Require(Every > 0, Every, nameof(Every), "above 0");
        Require(Gamma >= 0, Gamma, nameof(Gamma), "0 or more");
    }
}

/// <summary>Multiplies the rate by <see cref="Gamma"/> at each of the given epochs.</summary>
public sealed record MultiStepSchedule : LearningRateSchedule
{
    /// <summary>Epochs at which the rate changes. Default: none.</summary>
    public IReadOnlyList<double> Milestones { get; init; } = [];

    /// <summary>Factor by which the learning rate is multiplied at each milestone; 0 or more. Default: 0.1.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <inheritdoc/>
    public override bool DependsOnLength => false;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs) => Math.Pow(Gamma, Milestones.Count(m => epoch >= m));

    /// <inheritdoc/>
    public override void Validate() => Require(Gamma >= 0, Gamma, nameof(Gamma), "0 or more");
}

/// <summary>
/// Cosine annealing: the factor follows half a cosine from 1 down to <see cref="Floor"/>, once over the run or with
/// restarts.
/// </summary>
/// <remarks>Source: Loshchilov, Hutter, arXiv:1608.03983, eq. 5.</remarks>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>Factor at the end of each cosine, 0 to 1. Default: 0.</summary>
    public double Floor { get; init; }

    /// <summary>Epochs until the first restart; 0 (default): no restarts, one cosine over the whole run.</summary>
    public double Period { get; init; }

    /// <summary>Ratio of the length of each period to that of the preceding one, 1 or more. Default: 1.</summary>
    public double PeriodGrowth { get; init; } = 1;

    /// <inheritdoc/>
    public override bool DependsOnLength => Period <= 0;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs)
    {
        double length = Period > 0 ? Period : epochs;
        while (Period > 0 && epoch >= length)
        {
            epoch -= length;
            length *= PeriodGrowth;
        }

        return Floor + ((1 - Floor) * 0.5 * (1 + Math.Cos(Math.PI * Math.Clamp(epoch / length, 0, 1))));
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        Require(Floor is >= 0 and <= 1, Floor, nameof(Floor), "0 to 1");
        Require(Period >= 0, Period, nameof(Period), "0 or more");
        Require(PeriodGrowth >= 1, PeriodGrowth, nameof(PeriodGrowth), "1 or more");
    }
}

/// <summary>
/// Linear warm-up from <see cref="Start"/> to 1, followed by another schedule for the rest of the run.
/// </summary>
public sealed record WarmUpSchedule : LearningRateSchedule
{
    /// <summary>Length of the warm-up in epochs, above 0. Default: 5.</summary>
    public double Epochs { get; init; } = 5;

    /// <summary>Factor at the first step, 0 to 1. Default: 0.</summary>
    public double Start { get; init; }

    /// <summary>
    /// Schedule after the warm-up, applied to the remaining epochs as if they were a separate run. Default: constant.
    /// </summary>
    public LearningRateSchedule Then { get; init; } = new ConstantSchedule();

    /// <inheritdoc/>
    public override bool DependsOnLength => Then.DependsOnLength;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs)
    {
        double rest = Math.Max(epochs - Epochs, double.Epsilon);
        return epoch < Epochs
            ? (Start + ((1 - Start) * epoch / Epochs)) * Then.Factor(0, rest)
            : Then.Factor(epoch - Epochs, rest);
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        Require(Epochs > 0, Epochs, nameof(Epochs), "above 0");
        Require(Start is >= 0 and <= 1, Start, nameof(Start), "0 to 1");
        Then.Validate();
    }
}

/// <summary>
/// One-cycle schedule: the factor rises along a cosine from 1 / <see cref="DivideStart"/> to 1 and then falls to a
/// value near 0.
/// </summary>
/// <remarks>
/// Source: Smith, Topin, arXiv:1708.07120, with the cosine shape of torch.optim.lr_scheduler.OneCycleLR. The
/// optimizer's learning rate is the peak.
/// </remarks>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>Fraction of the run during which the rate rises, above 0 and below 1. Default: 0.3.</summary>
    public double Rise { get; init; } = 0.3;

    /// <summary>The first factor is 1 divided by this value, 1 or more. Default: 25.</summary>
    public double DivideStart { get; init; } = 25;

    /// <summary>The last factor is the first factor divided by this value, 1 or more. Default: 10000.</summary>
    public double DivideEnd { get; init; } = 1e4;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs)
    {
        double start = 1 / DivideStart, done = Math.Clamp(epoch / epochs, 0, 1);
        return done < Rise ? Cosine(start, 1, done / Rise) : Cosine(1, start / DivideEnd, (done - Rise) / (1 - Rise));
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        Require(Rise is > 0 and < 1, Rise, nameof(Rise), "above 0 and below 1");
        Require(DivideStart >= 1, DivideStart, nameof(DivideStart), "1 or more");
        Require(DivideEnd >= 1, DivideEnd, nameof(DivideEnd), "1 or more");
    }

    private static double Cosine(double from, double to, double part) =>
        to + ((from - to) * 0.5 * (1 + Math.Cos(Math.PI * part)));
}
