using Temper.Kernels;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// The sum of norms, the usual baseline: <c>strength Σ_g n_g</c>. For single weights it is L1, for groups the group
/// lasso.
/// </summary>
public sealed record L1 : WeightRegularizer
{
    private protected override string ElementName => "l1";

    private protected override string GroupName => "group-lasso";

    private protected override double UnitValue(double a, double s2) => a;

    private protected override (double A, double B) Slope(double a, double s2) => (1, 0);
}

/// <summary>
/// Transformed L1, a baseline that shrinks large weights less: <c>strength Σ_g 2 n_g / (1 + n_g)</c>. Not
/// scale-invariant.
/// </summary>
public sealed record TransformedL1 : WeightRegularizer
{
    private protected override string ElementName => "transformed-l1";

    private protected override string GroupName => "group-transformed-l1";

    private protected override double UnitValue(double a, double s2) => a;

    private protected override (double A, double B) Slope(double a, double s2) => (1, 0);

    private protected override double Term(double norm) => 2 * norm / (1 + norm);

    private protected override double TermSlope(double norm) => 2 / ((1 + norm) * (1 + norm));

    private protected override double SumOfTerms(ReadOnlySpan<float> weights) =>
        Reductions.All(default(TransformedSumReducer), weights);

    private protected override void AddSlopes(float a, float b, ReadOnlySpan<float> weights, Span<float> gradient) =>
        Elementwise.Apply(new AddTransformedGradient(a), weights, gradient, gradient);
}
