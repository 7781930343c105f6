namespace Temper.Kernels;

/// <summary>Writes the borders of planes: zeros, or the pixels of neighboring pieces.</summary>
internal static unsafe class PlaneBorders
{
    /// <summary>Writes the whole border of a plane.</summary>
    internal static void Write(float* plane, in PlaneShape shape, int interleave, in PlaneHalo halo)
    {
        if (halo.Count > 0)
        {
            halo.Fill(plane);
        }
        else if (shape.HasBorder)
        {
            Clear(plane, shape, interleave, 0, shape.Height);
        }
    }

    /// <summary>
    /// Clears the border to the left and right of the rows from <paramref name="firstRow"/> to <paramref
    /// name="lastRow"/> (exclusive), and the border above or below the image if its first or last row is among them.
    /// </summary>
    internal static void Clear(float* plane, in PlaneShape shape, int interleave, int firstRow, int lastRow)
    {
        int pitch = shape.Pitch * interleave, left = shape.Left * interleave, right = shape.Right * interleave;
        if (firstRow == 0)
        {
            new Span<float>(plane, (shape.Top * pitch) + left).Clear();
        }

        // The right border of a row and the left border of the next row are contiguous.
        float* end = plane + ((long)(shape.Top + firstRow) * pitch) + left + (shape.Width * interleave);
        for (int row = firstRow; row < lastRow; row++, end += pitch)
        {
            bool isLast = row == shape.Height - 1;
            new Span<float>(end, isLast ? right + (shape.Bottom * pitch) : right + left).Clear();
        }
    }
}
