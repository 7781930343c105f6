using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// How an image is cut where few images would leave a vector's lanes empty: rows and columns of pieces, the same pixel
/// of all pieces side by side, as if they were images.
/// </summary>
internal readonly record struct PieceGrid(int Rows, int Columns)
{
    /// <summary>Whole images.</summary>
    internal static PieceGrid Whole => new(1, 1);

    internal int Count => Rows * Columns;

    /// <summary>The grid that fills a vector which has room for so many images.</summary>
    /// <param name="images">A power of two.</param>
    internal static PieceGrid For(int images)
    {
        int exponent = BitOperations.Log2((uint)Math.Max(ImageGroup.MaxImages / images, 1));
        return new PieceGrid(1 << ((exponent + 1) / 2), 1 << (exponent / 2));
    }
}
