namespace Temper.Testing.References;

/// <summary>
/// Reference implementation of grid sampling: the sum over all pixels of an image, weighted by their distance from the
/// point.
/// </summary>
public static class ReferenceGridSample
{
    public static Grid Of(Grid x, Grid grid, bool isNearest, string padding, bool aligns)
    {
        (int height, int width) = (x.Lengths[2], x.Lengths[3]);
        return Grid.Of([x.Lengths[0], x.Lengths[1], grid.Lengths[1], grid.Lengths[2]], at =>
        {
            double column = Position(grid[at[0], at[2], at[3], 0], width, padding, aligns);
            double row = Position(grid[at[0], at[2], at[3], 1], height, padding, aligns);
            double sum = 0;
            for (int i = 0; i < height; i++)
            {
                for (int j = 0; j < width; j++)
                {
                    double weight = isNearest
                        ? (Math.Round(row) == i && Math.Round(column) == j ? 1 : 0)
                        : Math.Max(0, 1 - Math.Abs(row - i)) * Math.Max(0, 1 - Math.Abs(column - j));
                    sum += weight * x[at[0], at[1], i, j];
                }
            }

            return sum;
        });
    }

    private static double Position(double coordinate, int length, string padding, bool aligns)
    {
        double low = aligns ? 0 : -0.5, high = aligns ? length - 1 : length - 0.5;
        double position = low + ((coordinate + 1) / 2 * (high - low));
        while (padding is "Reflection" && (position < low || position > high))
        {
            position = position < low ? (2 * low) - position : (2 * high) - position;
        }

        return padding is "Zeros" ? position : Math.Min(Math.Max(position, 0), length - 1);
    }
}
