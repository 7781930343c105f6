namespace Temper.Robustness.Feedback;

/// <summary>Forward and backward passes of single samples: what trainings are made comparable by.</summary>
/// <param name="Forwards">Forward passes.</param>
/// <param name="Backwards">Backward passes.</param>
public readonly record struct PassCount(long Forwards, long Backwards)
{
    /// <summary>A step of plain training: one of each for a sample.</summary>
    public static PassCount Plain { get; } = new(1, 1);

    /// <summary>All together.</summary>
    public long Total => Forwards + Backwards;

    /// <summary>Of both.</summary>
    public static PassCount operator +(PassCount a, PassCount b) => Add(a, b);

    /// <summary>Of as many samples.</summary>
    public static PassCount operator *(PassCount a, long samples) => Multiply(a, samples);

    /// <summary>Of both.</summary>
    public static PassCount Add(PassCount a, PassCount b) => new(a.Forwards + b.Forwards, a.Backwards + b.Backwards);

    /// <summary>Of as many samples.</summary>
    public static PassCount Multiply(PassCount a, long samples) => new(a.Forwards * samples, a.Backwards * samples);
}
