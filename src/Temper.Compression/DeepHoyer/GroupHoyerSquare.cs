using System.Numerics.Tensors;
using Temper.Networks;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Group-HS: Hoyer-Square over the lengths of groups of weights, so that whole groups go. Of a linear layer the groups are rows (its
/// outputs) and columns (its inputs), of a convolution filters and input channels; both sums are added.
/// </summary>
/// <remarks>DeepHoyer, arXiv:1908.09979: <c>(Σ_g ‖w_g‖)² / Σw²</c> for each way of grouping. Biases form no groups and are left out.</remarks>
public sealed record GroupHoyerSquare : WeightTerm
{
    /// <inheritdoc/>
    public override string Name => "group-hs";

    /// <inheritdoc/>
    protected override double AddGradient(Parameter parameter, ReadOnlySpan<float> w, Span<float> gradient, double strength)
    {
        double s2 = TensorPrimitives.SumOfSquares(w);
        if (s2 < Epsilon || parameter.Value.Rank < 2)
        {
            return 0;
        }

        int outputs = parameter.Value.Shape[0];
        int inputs = parameter.Value.Shape[1];
        int taps = w.Length / (outputs * inputs);
        return AddGroups(w, gradient, new Grouping(outputs, inputs, taps, ByOutput: true), s2, strength)
            + AddGroups(w, gradient, new Grouping(outputs, inputs, taps, ByOutput: false), s2, strength);
    }

    private static double AddGroups(ReadOnlySpan<float> w, Span<float> gradient, Grouping grouping, double s2, double strength)
    {
        double[] lengths = new double[grouping.Count];
        for (int i = 0; i < w.Length; i += grouping.Taps)
        {
            lengths[grouping.Of(i)] += TensorPrimitives.SumOfSquares(w.Slice(i, grouping.Taps));
        }

        double sum = 0;
        for (int g = 0; g < lengths.Length; g++)
        {
            lengths[g] = Math.Sqrt(lengths[g]);
            sum += lengths[g];
        }

        // dR/dw_j = 2 (A / S2) (w_j / ‖w_g‖) (1 - ‖w_g‖ A / S2), A = Σ_g ‖w_g‖; zero in a group of zeros
        double ratio = sum / s2;
        for (int i = 0; i < w.Length; i += grouping.Taps)
        {
            double length = lengths[grouping.Of(i)];
            float slope = length == 0 ? 0 : (float)(2 * strength * ratio * ((1 / length) - ratio));
            Span<float> target = gradient.Slice(i, grouping.Taps);
            TensorPrimitives.MultiplyAdd(w.Slice(i, grouping.Taps), slope, target, target);
        }

        return sum * ratio;
    }

    /// <summary>Which group a weight of <c>[outputs, inputs, taps]</c> is in.</summary>
    private readonly record struct Grouping(int Outputs, int Inputs, int Taps, bool ByOutput)
    {
        internal int Count => ByOutput ? Outputs : Inputs;

        internal int Of(int index) => ByOutput ? index / (Inputs * Taps) : index / Taps % Inputs;
    }
}
