namespace Temper.Robustness.Feedback;

/// <summary>
/// Number of forward and backward passes of single samples: the measure by which training costs are compared.
/// </summary>
/// <param name="Forwards">Number of forward passes.</param>
/// <param name="Backwards">Number of backward passes.</param>
public readonly record struct PassCount(long Forwards, long Backwards)
{
    /// <summary>Cost of a plain training step per sample: one forward and one backward pass.</summary>
    public static PassCount Plain { get; } = new(1, 1);

    /// <summary>Forward and backward passes together.</summary>
    public long Total => Forwards + Backwards;

    /// <summary>Adds two counts.</summary>
    public static PassCount operator +(PassCount a, PassCount b) => Add(a, b);

    /// <summary>Multiplies a count per sample by a number of samples.</summary>
    public static PassCount operator *(PassCount a, long samples) => Multiply(a, samples);

    /// <summary>Adds two counts.</summary>
    public static PassCount Add(PassCount a, PassCount b) => new(a.Forwards + b.Forwards, a.Backwards + b.Backwards);

    /// <summary>Multiplies a count per sample by a number of samples.</summary>
    public static PassCount Multiply(PassCount a, long samples) => new(a.Forwards * samples, a.Backwards * samples);
}
