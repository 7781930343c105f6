using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// A group of images in planes: whole images interleaved, or the pieces of each image interleaved, so that a pixel
/// fills a vector.
/// </summary>
internal readonly record struct PlaneGroup
{
    internal PlaneGroup(in PlaneShape shape, ImageGroup images)
    {
        (Shape, Images) = (shape, images);
        Grid = shape.IsCut ? PieceGrid.For(images.Interleave) : PieceGrid.Whole;
        Piece = shape.Piece(Grid);
    }

    /// <summary>Shape of a whole image.</summary>
    internal PlaneShape Shape { get; }

    internal ImageGroup Images { get; }

    internal PieceGrid Grid { get; }

    /// <summary>Shape of the part of an image that one lane holds.</summary>
    internal PlaneShape Piece { get; }

    /// <summary>Number of floats per pixel.</summary>
    internal int Lanes => Grid.Count * Images.Interleave;

    internal long Floats => Piece.Image * Lanes;

    /// <summary>
    /// Returns the index in the batch of the pixel that a lane holds; -1 if it is outside the image or the slot is
    /// unused.
    /// </summary>
    /// <param name="lane">The lane: pieces row by row, with the images of each piece together.</param>
    /// <param name="row">Row within the piece.</param>
    /// <param name="column">Column within the piece.</param>
    internal long PixelOf(int lane, int row, int column)
    {
        // Both sizes are powers of two. Shifts are used because this is called per pixel.
        int piece = lane >> BitOperations.Log2((uint)Images.Interleave), image = lane & (Images.Interleave - 1);
        int down = piece >> BitOperations.Log2((uint)Grid.Columns), right = piece & (Grid.Columns - 1);
        int y = (down * Piece.Height) + row, x = (right * Piece.Width) + column;
        return image < Images.Count && y < Shape.Height && x < Shape.Width
            ? ((((long)Images.First + image) * Shape.Height) + y) * Shape.Width + x
            : -1;
    }

    /// <summary>
    /// Returns, for each lane, the lane whose piece is at the given distance; -1 if the image has no such pixel.
    /// </summary>
    /// <param name="down">Number of pieces further down; negative: up.</param>
    /// <param name="right">Number of pieces further right; negative: left.</param>
    /// <param name="row">Row of the pixel within that piece.</param>
    /// <param name="column">Column of the pixel within that piece.</param>
    internal int[] LanesFrom(int down, int right, int row, int column)
    {
        int[] lanes = new int[Lanes];
        for (int lane = 0; lane < lanes.Length; lane++)
        {
            (int piece, int image) = Math.DivRem(lane, Images.Interleave);
            int y = (piece / Grid.Columns) + down, x = (piece % Grid.Columns) + right;
            bool isInside = y >= 0 && x >= 0 && y < Grid.Rows && x < Grid.Columns
                && (y * Piece.Height) + row < Shape.Height && (x * Piece.Width) + column < Shape.Width;
            lanes[lane] = isInside ? (((y * Grid.Columns) + x) * Images.Interleave) + image : -1;
        }

        return lanes;
    }
}
