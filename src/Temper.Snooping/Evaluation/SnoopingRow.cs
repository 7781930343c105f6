namespace Temper.Snooping.Evaluation;

/// <summary>Result of one attack at one epsilon: the returns of the attacked agents.</summary>
public sealed record SnoopingRow
{
    /// <summary>Name of the attack, such as <c>action-imitator fgsm</c>.</summary>
    public required string Attack { get; init; }

    /// <summary>The required baseline that this row represents; null: none.</summary>
    public Baseline? Baseline { get; init; }

    /// <summary>Largest change of each observed value; 0: no attack.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Defense that the agent applies to observations; empty: none.</summary>
    public string Defense { get; init; } = "";

    /// <summary>Mean undiscounted return of all episodes.</summary>
    public required double MeanReturn { get; init; }

    /// <summary>Lower and upper end of the mean's 95 % confidence interval; NaN: a single episode.</summary>
    public required (double Low, double High) Interval { get; init; }

    /// <summary>Number of episodes, over all victims.</summary>
    public required int Episodes { get; init; }

    /// <summary>
    /// Returns by victim and episode, used to compute intervals over more victims; empty: not stored.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<double>> Returns { get; init; } = [];

    /// <summary>Fraction of the frames that the timing chose and the attack was applied to, 0 to 1.</summary>
    public double ChosenFrames { get; init; }

    /// <summary>
    /// Fraction of the frames that the attack changed, 0 to 1: the agent received other values than without an attack.
    /// </summary>
    public double AttackedFrames { get; init; }

    /// <summary>
    /// Fraction of the frames at which a detector raised an alarm, 0 to 1; NaN: no detector was used.
    /// </summary>
    public double Alarms { get; init; } = double.NaN;

    /// <summary>Median time of the attack per chosen frame, in milliseconds; NaN: not measured.</summary>
    public double MillisecondsPerFrame { get; init; } = double.NaN;

    /// <summary>True if the channel's precision rounds away every perturbation of this size.</summary>
    public bool IsNoOperation { get; init; }
}

/// <summary>Baselines that a table must contain to be meaningful.</summary>
public enum Baseline
{
    /// <summary>No attack.</summary>
    Clean,

    /// <summary>Plus or minus epsilon at random.</summary>
    RandomSign,

    /// <summary>Uniform noise from -epsilon to epsilon.</summary>
    UniformNoise,

    /// <summary>One step along the gradient of the victim itself.</summary>
    WhiteBoxFgsm,

    /// <summary>Ten steps along the gradient of the victim itself.</summary>
    WhiteBoxPgd,

    /// <summary>
    /// Gradients of another agent trained with the same method; the attacker needs the environment to train it.
    /// </summary>
    Transfer,

    /// <summary>Gradients of an agent trained with another method.</summary>
    OtherMethod,

    /// <summary>The agent rounds its observations.</summary>
    Rounding,

    /// <summary>
    /// An adversary trained against the victim with access to the victim and its environment (arXiv:2101.08452).
    /// </summary>
    LearnedAdversary,
}
