namespace Temper.Kernels;

/// <summary>Writes the zeros around planes.</summary>
internal static unsafe class PlaneBorders
{
    /// <summary>The borders beside some rows of some channels, above the first row and below the last.</summary>
    internal static void Clear(in SparseJob job, int firstChannel, int lastChannel, int firstRow, int lastRow)
    {
        for (int channel = firstChannel; channel < Math.Min(lastChannel, job.Channels); channel++)
        {
            Clear(job.Target + ((long)channel * job.Shape.Plane * job.Interleave), job.Shape, job.Interleave, firstRow, lastRow);
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
