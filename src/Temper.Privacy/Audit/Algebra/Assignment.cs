namespace Temper.Privacy.Audit.Algebra;

/// <summary>
/// Finds the assignment of rows to columns with the smallest total cost (Hungarian algorithm with potentials; cubic
/// time).
/// </summary>
internal static class Assignment
{
    /// <summary>Returns the column assigned to each row.</summary>
    /// <param name="cost">Cost matrix, <c>[n, n]</c>.</param>
    /// <param name="n">Number of rows and columns.</param>
    internal static int[] Minimize(ReadOnlySpan<double> cost, int n)
    {
        double[] u = new double[n + 1], v = new double[n + 1];
        int[] rowOf = new int[n + 1], way = new int[n + 1];
        for (int row = 1; row <= n; row++)
        {
            rowOf[0] = row;
            int column = 0;
            double[] min = new double[n + 1];
            Array.Fill(min, double.PositiveInfinity);
            bool[] isUsed = new bool[n + 1];
            do
            {
                isUsed[column] = true;
                int current = rowOf[column], next = 0;
                double delta = double.PositiveInfinity;
                for (int j = 1; j <= n; j++)
                {
                    if (isUsed[j])
                    {
                        continue;
                    }

                    double reduced = cost[((current - 1) * n) + j - 1] - u[current] - v[j];
                    if (reduced < min[j])
                    {
                        (min[j], way[j]) = (reduced, column);
                    }

                    if (min[j] < delta)
                    {
                        (delta, next) = (min[j], j);
                    }
                }

                for (int j = 0; j <= n; j++)
                {
                    if (isUsed[j])
                    {
                        u[rowOf[j]] += delta;
                        v[j] -= delta;
                    }
                    else
                    {
                        min[j] -= delta;
                    }
                }

                column = next;
            }
            while (rowOf[column] != 0);

            do
            {
                int previous = way[column];
                rowOf[column] = rowOf[previous];
                column = previous;
            }
            while (column != 0);
        }

        int[] result = new int[n];
        for (int j = 1; j <= n; j++)
        {
            result[rowOf[j] - 1] = j - 1;
        }

        return result;
    }
}
