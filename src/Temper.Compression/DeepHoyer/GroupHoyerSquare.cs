using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Group-HS: Hoyer-Square over the lengths of groups of weights, so that whole groups go. Of a linear layer the groups are rows (its
/// outputs) and columns (its inputs), of a convolution filters and input channels; both sums are added.
/// </summary>
/// <remarks>DeepHoyer, arXiv:1908.09979: <c>(Σ_g ‖w_g‖)² / Σw²</c> for each way of grouping. Biases form no groups and are left out.</remarks>
public sealed record GroupHoyerSquare : WeightRegularizer
{
    /// <inheritdoc/>
    public override string Name => "group-hs";

    /// <summary>‖w_g‖² of every row, then of every column, then Σw², of weights <c>[outputs, inputs, kernel positions]</c>.</summary>
    /// <inheritdoc/>
    public override void AddSums(in WeightBlock block, Span<double> sums)
    {
        (int outputs, int inputs, int positions) = Sizes(block.Parameter);
        Span<double> rows = sums[..outputs], columns = sums.Slice(outputs, inputs);
        ReadOnlySpan<float> w = block.Weights;
        for (int at = 0; at < w.Length;)
        {
            (int o, int i, int end) = Group(block.Start + at, inputs, positions);
            double squares = 0;
            for (int last = Math.Min(end - block.Start, w.Length); at < last; at++)
            {
                squares += (double)w[at] * w[at];
            }

            rows[o] += squares;
            columns[i] += squares;
        }

        sums[^1] += Reductions.SumOfSquares(w);
    }

    /// <inheritdoc/>
    public override void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient)
    {
        if (sums[^1] < Epsilon)
        {
            return;
        }

        (int outputs, int inputs, int positions) = Sizes(block.Parameter);
        double[] rented = ArrayPool<double>.Shared.Rent(outputs + inputs);
        Span<double> rows = rented.AsSpan(0, outputs), columns = rented.AsSpan(outputs, inputs);
        ToFactors(sums[..outputs], sums[^1], rows);
        ToFactors(sums.Slice(outputs, inputs), sums[^1], columns);
        ReadOnlySpan<float> w = block.Weights;
        for (int at = 0; at < w.Length;)
        {
            (int o, int i, int end) = Group(block.Start + at, inputs, positions);
            float factor = (float)(rows[o] + columns[i]);
            for (int last = Math.Min(end - block.Start, w.Length); at < last; at++)
            {
                gradient[at] += factor * w[at];
            }
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => JsonSerializer.SerializeToNode(this, DeepHoyerJson.Default.GroupHoyerSquare)!;

    private protected override int CountSums(Parameter parameter) =>
        parameter.Value.Rank < 2 || parameter.Value.Count == 0 ? 0 : parameter.Value.Shape[0] + parameter.Value.Shape[1] + 1;

    private protected override double UnitValue(ReadOnlySpan<double> sums, Parameter parameter)
    {
        (int outputs, int inputs, _) = Sizes(parameter);
        return sums[^1] < Epsilon ? 0 : UnitValue(sums[..outputs], sums[^1]) + UnitValue(sums.Slice(outputs, inputs), sums[^1]);
    }

    /// <summary>A² / S2 with A = Σ_g ‖w_g‖ and S2 = Σw².</summary>
    private static double UnitValue(ReadOnlySpan<double> squares, double s2)
    {
        double sum = SumOfLengths(squares);
        return sum * (sum / s2);
    }

    /// <summary>dR/dw_j = 2 (A / S2) (w_j / ‖w_g‖) (1 - ‖w_g‖ A / S2): what each weight of a group is multiplied by; zero in a group of zeros.</summary>
    private void ToFactors(ReadOnlySpan<double> squares, double s2, Span<double> factors)
    {
        double ratio = SumOfLengths(squares) / s2, strength = Strength;
        for (int g = 0; g < squares.Length; g++)
        {
            factors[g] = squares[g] == 0 ? 0 : 2 * strength * ratio * ((1 / Math.Sqrt(squares[g])) - ratio);
        }
    }

    private static double SumOfLengths(ReadOnlySpan<double> squares)
    {
        double sum = 0;
        foreach (double square in squares)
        {
            sum += Math.Sqrt(square);
        }

        return sum;
    }

    private static (int Outputs, int Inputs, int Positions) Sizes(Parameter parameter)
    {
        int outputs = parameter.Value.Shape[0], inputs = parameter.Value.Shape[1];
        return (outputs, inputs, parameter.Value.Count / (outputs * inputs));
    }

    /// <summary>Row and column of a weight, and the index behind the last weight that has the same.</summary>
    private static (int Row, int Column, int End) Group(int index, int inputs, int positions)
    {
        int group = index / positions;
        return (group / inputs, group % inputs, (group + 1) * positions);
    }
}
