using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// Grid by which images are cut into pieces if the batch has too few images to fill a vector. The same pixel of all
/// pieces is contiguous, as if the pieces were images of a batch.
/// </summary>
internal readonly record struct PieceGrid(int Rows, int Columns)
{
    /// <summary>The grid of an uncut image.</summary>
    internal static PieceGrid Whole => new(1, 1);

    internal int Count => Rows * Columns;

    /// <summary>Returns the grid with which the given number of images fills a vector.</summary>
    /// <param name="images">Number of images, a power of two.</param>
    internal static PieceGrid For(int images)
    {
        int exponent = BitOperations.Log2((uint)Math.Max(ImageGroup.MaxImages / images, 1));
        return new PieceGrid(1 << ((exponent + 1) / 2), 1 << (exponent / 2));
    }
}
