namespace Temper.Compression.Tests.Calibration;

/// <summary>
/// Gaussian elimination without pivoting: slow reference implementation for positive definite systems.
/// </summary>
internal static class Elimination
{
    /// <summary>Solves <c>A x = b</c>.</summary>
    /// <param name="a"><c>[n, n + 1]</c>: A and b; overwritten.</param>
    internal static double[] Solve(double[,] a)
    {
        int n = a.GetLength(0);
        for (int pivot = 0; pivot < n; pivot++)
        {
            for (int row = 0; row < n; row++)
            {
                double factor = row == pivot ? 0 : a[row, pivot] / a[pivot, pivot];
                for (int column = pivot; column <= n; column++)
                {
                    a[row, column] -= factor * a[pivot, column];
                }
            }
        }

        return [.. Enumerable.Range(0, n).Select(i => a[i, n] / a[i, i])];
    }
}
