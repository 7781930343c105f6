using Temper.Kernels;
using Temper.Networks;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// The Hoyer-Square regularizer, <c>strength Σ_layers (Σ|w|)² / Σw²</c>: a differentiable count of effective weights. It pulls weights
/// below <c>Σw² / Σ|w|</c> to zero and leaves the others' scale alone.
/// </summary>
/// <remarks>
/// DeepHoyer, arXiv:1908.09979. For m equal weights the value is m, and it does not change when all weights are scaled. A tensor of
/// zeros has value and gradient zero. We regularize weights only by default; the authors' MNIST script takes biases too.
/// </remarks>
public sealed record HoyerSquare : WeightTerm
{
    /// <inheritdoc/>
    public override string Name => "hoyer-square";

    /// <inheritdoc/>
    protected override double AddGradient(Parameter parameter, ReadOnlySpan<float> w, Span<float> gradient, double strength)
    {
        double s1 = Reductions.SumOfMagnitudes(w);
        double s2 = Reductions.SumOfSquares(w);
        if (s2 < Epsilon)
        {
            return 0;
        }

        // H = S1² / S2;  dH/dw_j = 2 sgn(w_j) (S1 / S2) (1 - |w_j| S1 / S2) = a sgn(w_j) - b w_j
        double ratio = s1 / s2;
        Elementwise.Apply(new AddSignedSlope((float)(2 * strength * ratio), (float)(2 * strength * ratio * ratio)), w, gradient, gradient);
        return s1 * ratio;
    }
}

/// <summary>The L1 norm of the weights, the usual baseline: <c>strength Σ|w|</c>.</summary>
public sealed record L1 : WeightTerm
{
    /// <inheritdoc/>
    public override string Name => "l1";

    /// <inheritdoc/>
    protected override double AddGradient(Parameter parameter, ReadOnlySpan<float> w, Span<float> gradient, double strength)
    {
        Elementwise.Apply(new AddSignedSlope((float)strength, 0), w, gradient, gradient);
        return Reductions.SumOfMagnitudes(w);
    }
}
