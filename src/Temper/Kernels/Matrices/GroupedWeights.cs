namespace Temper.Kernels;

/// <summary>
/// A row of weights of which every few consecutive ones are a group: one pass for the groups' squares, one for their
/// gradient.
/// </summary>
internal static class GroupedWeights
{
    /// <summary>Adds the squares of weights to those of their groups, in double precision.</summary>
    /// <param name="weights">Part of a row.</param>
    /// <param name="column">Index of the first in its row.</param>
    /// <param name="run">Consecutive weights of a group.</param>
    /// <param name="groups">Of the whole row; added to.</param>
    /// <returns>The squares of all.</returns>
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

    /// <summary><c>gradient += (row's factor + group's factor) weight</c>.</summary>
    /// <param name="weights">Part of a row.</param>
    /// <param name="column">Index of the first in its row.</param>
    /// <param name="run">Consecutive weights of a group.</param>
    /// <param name="factors">Of the row, and of the groups of the whole row.</param>
    /// <param name="gradient">As long as the weights.</param>
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

/// <summary>What the weights of a row are multiplied by.</summary>
internal readonly ref struct GroupFactors
{
    /// <summary>The row's own factor, added to each group's.</summary>
    internal required double Row { get; init; }

    /// <summary>Of the groups of the whole row.</summary>
    internal required ReadOnlySpan<double> Groups { get; init; }
}
