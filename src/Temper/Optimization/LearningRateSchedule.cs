using System.Text.Json.Serialization;

namespace Temper.Optimization;

/// <summary>
/// How the learning rate goes through a training run: a factor of the optimizer's rate, a pure function of the position
/// in the run, so that a resumed run needs no state.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ConstantSchedule), "constant")]
[JsonDerivedType(typeof(CosineSchedule), "cosine")]
[JsonDerivedType(typeof(MultiStepSchedule), "multi-step")]
[JsonDerivedType(typeof(OneCycleSchedule), "one-cycle")]
[JsonDerivedType(typeof(StepSchedule), "step")]
[JsonDerivedType(typeof(WarmUpSchedule), "warm-up")]
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule()
    {
    }

    /// <summary>The factor.</summary>
    /// <param name="epoch">
    /// Position in the run in epochs, with the part of the current one that is done: 0 for the first step.
    /// </param>
    /// <param name="epochs">Length of the run in epochs, positive.</param>
    /// <returns>Not negative; the rate of a step is the optimizer's rate times this.</returns>
    public abstract double Factor(double epoch, double epochs);

    /// <summary>
    /// Whether factors change with the length of the run, so that a run cannot go on for more epochs than it began
    /// with.
    /// </summary>
    internal virtual bool DependsOnLength => false;

    /// <summary>Throws when an option is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option.</exception>
    public virtual void Validate()
    {
    }

    private protected static void Require(bool holds, double value, string option, string expected)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(
                option, $"learning-rate schedule: {option} is out of range (got {value}, expected {expected})");
        }
    }
}

/// <summary>The optimizer's rate all the time.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs) => 1;
}

/// <summary>Times <see cref="Gamma"/> after every so many epochs.</summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>Epochs between two changes, positive.</summary>
    public double Every { get; init; } = 30;

    /// <summary>Gamma: factor of each change, not negative.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs) => Math.Pow(Gamma, Math.Floor(epoch / Every));

    /// <inheritdoc/>
    public override void Validate()
    {
        Require(Every > 0, Every, nameof(Every), "above 0");
        Require(Gamma >= 0, Gamma, nameof(Gamma), "0 or more");
    }
}

/// <summary>Times <see cref="Gamma"/> at each of the given epochs.</summary>
public sealed record MultiStepSchedule : LearningRateSchedule
{
    /// <summary>Epochs at which the rate changes.</summary>
    public IReadOnlyList<double> Milestones { get; init; } = [];

    /// <summary>Gamma: factor of each change, not negative.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <inheritdoc/>
    public override double Factor(double epoch, double epochs) => Math.Pow(Gamma, Milestones.Count(m => epoch >= m));

    /// <inheritdoc/>
    public override void Validate() => Require(Gamma >= 0, Gamma, nameof(Gamma), "0 or more");
}

/// <summary>Half a cosine from 1 down to <see cref="Floor"/>, once over the run or again and again.</summary>
/// <remarks>Source: Loshchilov, Hutter, arXiv:1608.03983, eq. 5.</remarks>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>The factor at the end, 0 to 1.</summary>
    public double Floor { get; init; }

    /// <summary>Epochs until the first restart; 0: none, one cosine over the whole run.</summary>
    public double Period { get; init; }

    /// <summary>Factor by which each period is longer than the one before, 1 or more.</summary>
    public double PeriodGrowth { get; init; } = 1;

    internal override bool DependsOnLength => Period <= 0;

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

/// <summary>A straight line up from <see cref="Start"/>, then another schedule for what is left of the run.</summary>
public sealed record WarmUpSchedule : LearningRateSchedule
{
    /// <summary>Length of the warm-up in epochs, positive.</summary>
    public double Epochs { get; init; } = 5;

    /// <summary>The factor at the first step, 0 to 1.</summary>
    public double Start { get; init; }

    /// <summary>The schedule after the warm-up; it sees the remaining epochs as a run of its own.</summary>
    public LearningRateSchedule Then { get; init; } = new ConstantSchedule();

    internal override bool DependsOnLength => Then.DependsOnLength;

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

/// <summary>Up and down once over the run: cosines from 1 / DivideStart to 1 and on to a final factor near 0.</summary>
/// <remarks>
/// Source: Smith, Topin, arXiv:1708.07120, with the cosine shape of torch.optim.lr_scheduler.OneCycleLR; 1 is the peak.
/// </remarks>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>Fraction of the run in which the rate rises, above 0 and below 1.</summary>
    public double Rise { get; init; } = 0.3;

    /// <summary>The first factor is 1 over this; 1 or more.</summary>
    public double DivideStart { get; init; } = 25;

    /// <summary>The last factor is the first over this; 1 or more.</summary>
    public double DivideEnd { get; init; } = 1e4;

    internal override bool DependsOnLength => true;

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
