namespace Temper.Kernels;

/// <summary>
/// Operations on weight rows that are divided into groups of consecutive weights: one pass for the groups' sums of
/// squares, one for their gradient.
/// </summary>
internal static class GroupedWeights
{
    /// <summary>Adds the squares of the weights to the sums of their groups, in double precision.</summary>
    /// <param name="weights">Part of a row.</param>
    /// <param name="column">Index in the row of the first weight.</param>
    /// <param name="run">Number of consecutive weights per group.</param>
    /// <param name="groups">Sums of squares of the groups of the whole row; added to.</param>
    /// <returns>The sum of squares of all weights.</returns>
    internal static double AddSquares(ReadOnlySpan<float> weights, int column, int run, Span<double> groups)
    {
        double all = 0;
        for (int i = 0, group = column / run, left = run - (column % run); i < weights.Length; group++, left = run)
        {
            double squares = 0;
            for (int end = Math.Min(weights.Length, i + left); i < end; i++)
            {
                squares += (double)weights[i] * weights[i];
            }

            groups[group] += squares;
            all += squares;
        }

        return all;
    }

    /// <summary>Computes <c>gradient += (row's factor + group's factor) weight</c>.</summary>
    /// <param name="weights">Part of a row.</param>
    /// <param name="column">Index in the row of the first weight.</param>
    /// <param name="run">Number of consecutive weights per group.</param>
    /// <param name="factors">Factors of the row and of the groups of the whole row.</param>
    /// <param name="gradient">Gradient of the weights, of the same length; added to.</param>
    internal static void AddScaled(
        ReadOnlySpan<float> weights, int column, int run, GroupFactors factors, Span<float> gradient)
    {
        for (int i = 0, group = column / run, left = run - (column % run); i < weights.Length; group++, left = run)
        {
            float factor = (float)(factors.Row + factors.Groups[group]);
            for (int end = Math.Min(weights.Length, i + left); i < end; i++)
            {
                gradient[i] += factor * weights[i];
            }
        }
    }
}

/// <summary>Factors of the weights of a row.</summary>
internal readonly ref struct GroupFactors
{
    /// <summary>Factor of the row, added to the factor of each group.</summary>
    internal required double Row { get; init; }

    /// <summary>Factors of the groups of the whole row.</summary>
    internal required ReadOnlySpan<double> Groups { get; init; }
}
