namespace Temper.Kernels;

/// <summary>Writes what surrounds planes: zeros, or the pixels of other pieces.</summary>
internal static unsafe class PlaneBorders
{
    /// <summary>All of it, around one plane.</summary>
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

    /// <summary>The borders of one plane beside some rows, above the first row and below the last.</summary>
    internal static void Clear(float* plane, in PlaneShape shape, int interleave, int firstRow, int lastRow)
    {
        int pitch = shape.Pitch * interleave, left = shape.Left * interleave, right = shape.Right * interleave;
        if (firstRow == 0)
        {
            new Span<float>(plane, (shape.Top * pitch) + left).Clear();
        }

        // The right border of a row and the left one of the next lie together.
        float* end = plane + ((long)(shape.Top + firstRow) * pitch) + left + (shape.Width * interleave);
        for (int row = firstRow; row < lastRow; row++, end += pitch)
        {
            bool isLast = row == shape.Height - 1;
            new Span<float>(end, isLast ? right + (shape.Bottom * pitch) : right + left).Clear();
        }
    }
}
