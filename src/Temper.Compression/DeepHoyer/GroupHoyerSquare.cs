using System.Buffers;
using Temper.Kernels;
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
        double s2 = Reductions.SumOfSquares(w);
        if (s2 < Epsilon || parameter.Value.Rank < 2)
        {
            return 0;
        }

        int outputs = parameter.Value.Shape[0];
        int inputs = parameter.Value.Shape[1];
        double[] room = ArrayPool<double>.Shared.Rent(outputs + inputs);
        Span<double> rows = room.AsSpan(0, outputs), columns = room.AsSpan(outputs, inputs);
        AddSquares(w, rows, columns);
        double value = ToSlopes(rows, s2, strength) + ToSlopes(columns, s2, strength);
        AddSlopes(w, rows, columns, gradient);
        ArrayPool<double>.Shared.Return(room);
        return value;
    }

    /// <summary>‖w_g‖² of every row and column of weights <c>[outputs, inputs, taps]</c>.</summary>
    private static void AddSquares(ReadOnlySpan<float> w, Span<double> rows, Span<double> columns)
    {
        rows.Clear();
        columns.Clear();
        int taps = w.Length / (rows.Length * columns.Length);
        int at = 0;
        for (int o = 0; o < rows.Length; o++)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                double squares = 0;
                for (int tap = 0; tap < taps; tap++, at++)
                {
                    squares += (double)w[at] * w[at];
                }

                rows[o] += squares;
                columns[i] += squares;
            }
        }
    }

    /// <summary>Turns squared lengths of groups into what their weights are multiplied by; gives the value, <c>A² / S2</c>.</summary>
    private static double ToSlopes(Span<double> groups, double s2, double strength)
    {
        double sum = 0;
        foreach (ref double group in groups)
        {
            group = Math.Sqrt(group);
            sum += group;
        }

        // dR/dw_j = 2 (A / S2) (w_j / ‖w_g‖) (1 - ‖w_g‖ A / S2), A = Σ_g ‖w_g‖; zero in a group of zeros
        double ratio = sum / s2;
        foreach (ref double group in groups)
        {
            group = group == 0 ? 0 : 2 * strength * ratio * ((1 / group) - ratio);
        }

        return sum * ratio;
    }

    private static void AddSlopes(ReadOnlySpan<float> w, ReadOnlySpan<double> rows, ReadOnlySpan<double> columns, Span<float> gradient)
    {
        int taps = w.Length / (rows.Length * columns.Length);
        int at = 0;
        for (int o = 0; o < rows.Length; o++)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                float slope = (float)(rows[o] + columns[i]);
                for (int tap = 0; tap < taps; tap++, at++)
                {
                    gradient[at] += slope * w[at];
                }
            }
        }
    }
}
