namespace Temper.Robustness.Attacks;

/// <summary>How the size of a perturbation is measured.</summary>
public enum Norm
{
    /// <summary>Number of elements that changed.</summary>
    L0,

    /// <summary>Sum of magnitudes.</summary>
    L1,

    /// <summary>Root of the sum of squares.</summary>
    L2,

    /// <summary>Largest magnitude.</summary>
    Linf,
}
