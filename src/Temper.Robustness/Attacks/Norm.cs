namespace Temper.Robustness.Attacks;

/// <summary>Norm in which the size of a perturbation is measured.</summary>
public enum Norm
{
    /// <summary>Number of changed elements.</summary>
    L0,

    /// <summary>Sum of absolute values.</summary>
    L1,

    /// <summary>Euclidean norm: square root of the sum of squares.</summary>
    L2,

    /// <summary>L∞ norm: largest absolute value.</summary>
    Linf,
}
