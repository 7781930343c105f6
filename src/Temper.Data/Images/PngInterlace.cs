namespace Temper.Data.Images;

/// <summary>
/// Adam7 interlacing: a picture stored as seven smaller pictures (passes) of regularly spaced pixels (section 8.2 of
/// the specification).
/// </summary>
internal static class PngInterlace
{
    /// <summary>First column and row of each pass, and the step to the next column and row.</summary>
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Reads the passes in order and merges their pixels into one picture.</summary>
    /// <param name="width">Width of the full picture, in pixels.</param>
    /// <param name="height">Height of the full picture, in pixels.</param>
    /// <param name="read">
    /// Reads the next pass, given its width and height. Not called for passes without pixels, which are not stored.
    /// </param>
    internal static Picture Join(int width, int height, Func<int, int, Picture> read)
    {
        Picture? whole = null;
        foreach ((int x, int y, int stepX, int stepY) in Passes)
        {
            int columns = (width - x + stepX - 1) / stepX, rows = (height - y + stepY - 1) / stepY;
            if (columns <= 0 || rows <= 0)
            {
                continue;
            }

            Picture part = read(columns, rows);
            int channels = part.Channels;
            whole ??= new Picture(width, height, channels, new byte[width * height * channels]);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    int target = (((y + (row * stepY)) * width) + x + (column * stepX)) * channels;
                    part.Pixels.AsSpan(((row * columns) + column) * channels, channels)
                        .CopyTo(whole.Pixels.AsSpan(target));
                }
            }
        }

        return whole!;                              // not null: the first pass is never empty
    }
}
