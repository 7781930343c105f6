namespace Temper.Compression.DeepHoyer;

/// <summary>
/// The Hoyer-Square regularizer, <c>strength Σ_layers (Σ_g n_g)² / Σw²</c>: a differentiable measure of the number of
/// effective weights, or of effective groups (Group-HS). It drives norms below <c>Σw² / Σ_g n_g</c> to zero and does
/// not shrink larger ones.
/// </summary>
/// <remarks>
/// DeepHoyer, arXiv:1908.09979. For m equal norms the value is m. It does not change when all weights are scaled. For a
/// tensor of zeros, value and gradient are zero. By default only weights are regularized; the authors' MNIST script
/// includes biases.
/// </remarks>
public sealed record HoyerSquare : WeightRegularizer
{
    internal override bool IsScaleInvariant => true;

    private protected override string ElementName => "hoyer-square";

    private protected override string GroupName => "group-hs";

    private protected override double UnitValue(double a, double s2) => s2 < Epsilon ? 0 : a * (a / s2);

    /// <summary>Coefficients of dH/dn = 2 (A / S2) (1 - n A / S2).</summary>
    private protected override (double A, double B) Slope(double a, double s2)
    {
        double ratio = a / s2;
        return s2 < Epsilon ? (0, 0) : (2 * ratio, 2 * ratio * ratio);
    }
}

/// <summary>
/// The Hoyer regularizer, <c>strength Σ_layers Σ_g n_g / √Σw²</c>. Without the strength, each layer's value lies
/// between 1 and the square root of the number of groups. Scale-invariant.
/// </summary>
public sealed record Hoyer : WeightRegularizer
{
    internal override bool IsScaleInvariant => true;

    private protected override string ElementName => "hoyer";

    private protected override string GroupName => "group-hoyer";

    private protected override double UnitValue(double a, double s2) => s2 < Epsilon ? 0 : a / Math.Sqrt(s2);

    /// <summary>Coefficients of dH/dn = (1 - n A / S2) / √S2.</summary>
    private protected override (double A, double B) Slope(double a, double s2)
    {
        double inverse = 1 / Math.Sqrt(s2);
        return s2 < Epsilon ? (0, 0) : (inverse, inverse * (a / s2));
    }
}
