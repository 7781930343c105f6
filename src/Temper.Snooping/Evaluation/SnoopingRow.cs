namespace Temper.Snooping.Evaluation;

/// <summary>One attack at one size: what agents earn under it.</summary>
public sealed record SnoopingRow
{
    /// <summary>The attack, such as <c>action-imitator fgsm</c>.</summary>
    public required string Attack { get; init; }

    /// <summary>Which mandatory baseline it is; null: none.</summary>
    public Baseline? Baseline { get; init; }

    /// <summary>Largest change of a number.</summary>
    public required double Epsilon { get; init; }

    /// <summary>What the agent does to observations before it looks; empty: nothing.</summary>
    public string Defense { get; init; } = "";

    /// <summary>Mean undiscounted return.</summary>
    public required double MeanReturn { get; init; }

    /// <summary>The mean's 95 % interval, lower and upper end.</summary>
    public required (double Low, double High) Interval { get; init; }

    /// <summary>Episodes of all victims.</summary>
    public required int Episodes { get; init; }

    /// <summary>
    /// Return of each episode of each victim, for intervals over more victims; empty where they were not kept.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<double>> Returns { get; init; } = [];

    /// <summary>Fraction of the frames that were attacked.</summary>
    public double AttackedFrames { get; init; }

    /// <summary>Share of the frames at which a detector raised an alarm, 0 to 1; NaN: there was none.</summary>
    public double Alarms { get; init; } = double.NaN;

    /// <summary>Milliseconds an attacked frame, the median; NaN: not measured.</summary>
    public double MillisecondsPerFrame { get; init; } = double.NaN;

    /// <summary>Whether the channel's precision hides every change of this size.</summary>
    public bool IsNoOperation { get; init; }
}

/// <summary>Rows without which a table says little.</summary>
public enum Baseline
{
    /// <summary>Nothing is changed.</summary>
    Clean,

    /// <summary>Epsilon up or down at random.</summary>
    RandomSign,

    /// <summary>A uniform draw.</summary>
    UniformNoise,

    /// <summary>One step along the victim's own gradient.</summary>
    WhiteBoxFgsm,

    /// <summary>Ten steps along the victim's own gradient.</summary>
    WhiteBoxPgd,

    /// <summary>Gradients of another agent of the same method, which needed the environment.</summary>
    Transfer,

    /// <summary>Gradients of an agent of another method.</summary>
    OtherMethod,

    /// <summary>The agent rounds what it sees.</summary>
    Rounding,
}
