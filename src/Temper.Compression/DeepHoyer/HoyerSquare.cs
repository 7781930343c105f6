using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// The Hoyer-Square regularizer, <c>strength Σ_layers (Σ|w|)² / Σw²</c>: a differentiable count of effective weights. It pulls weights
/// below <c>Σw² / Σ|w|</c> to zero and leaves the others' scale alone.
/// </summary>
/// <remarks>
/// DeepHoyer, arXiv:1908.09979. For m equal weights the value is m, and it does not change when all weights are scaled. A tensor of
/// zeros has value and gradient zero. We regularize weights only by default; the authors' MNIST script takes biases too.
/// </remarks>
public sealed record HoyerSquare : WeightRegularizer
{
    /// <inheritdoc/>
    public override string Name => "hoyer-square";

    /// <summary>S1 = Σ|w| and S2 = Σw².</summary>
    /// <inheritdoc/>
    public override void AddSums(in WeightBlock block, Span<double> sums)
    {
        sums[0] += Reductions.SumOfMagnitudes(block.Weights);
        sums[1] += Reductions.SumOfSquares(block.Weights);
    }

    /// <inheritdoc/>
    public override void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient)
    {
        if (sums[1] < Epsilon)
        {
            return;
        }

        // H = S1² / S2;  dH/dw_j = 2 sgn(w_j) (S1 / S2) (1 - |w_j| S1 / S2) = a sgn(w_j) - b w_j
        double ratio = sums[0] / sums[1], strength = Strength;
        Elementwise.Apply(
            new AddSignedSlope((float)(2 * strength * ratio), (float)(2 * strength * ratio * ratio)), block.Weights, gradient, gradient);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => JsonSerializer.SerializeToNode(this, DeepHoyerJson.Default.HoyerSquare)!;

    private protected override int CountSums(Parameter parameter) => 2;

    private protected override double UnitValue(ReadOnlySpan<double> sums, Parameter parameter) => sums[1] < Epsilon ? 0 : sums[0] * (sums[0] / sums[1]);
}

/// <summary>The L1 norm of the weights, the usual baseline: <c>strength Σ|w|</c>.</summary>
public sealed record L1 : WeightRegularizer
{
    /// <inheritdoc/>
    public override string Name => "l1";

    /// <inheritdoc/>
    public override void AddSums(in WeightBlock block, Span<double> sums) => sums[0] += Reductions.SumOfMagnitudes(block.Weights);

    /// <inheritdoc/>
    public override void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient) =>
        Elementwise.Apply(new AddSignedSlope(Strength, 0), block.Weights, gradient, gradient);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => JsonSerializer.SerializeToNode(this, DeepHoyerJson.Default.L1)!;

    private protected override int CountSums(Parameter parameter) => 1;

    private protected override double UnitValue(ReadOnlySpan<double> sums, Parameter parameter) => sums[0];
}
