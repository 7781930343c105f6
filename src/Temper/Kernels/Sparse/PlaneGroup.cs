using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// A group of images as it lies in planes: whole images side by side, or the pieces of each, pixel by pixel a vector
/// full.
/// </summary>
internal readonly record struct PlaneGroup
{
    internal PlaneGroup(in PlaneShape shape, ImageGroup images)
    {
        (Shape, Images) = (shape, images);
        Grid = shape.IsCut ? PieceGrid.For(images.Interleave) : PieceGrid.Whole;
        Piece = shape.Piece(Grid);
    }

    /// <summary>Whole images.</summary>
    internal PlaneShape Shape { get; }

    internal ImageGroup Images { get; }

    internal PieceGrid Grid { get; }

    /// <summary>The part of an image that lies in one lane.</summary>
    internal PlaneShape Piece { get; }

    /// <summary>Floats of a pixel.</summary>
    internal int Lanes => Grid.Count * Images.Interleave;

    internal long Floats => Piece.Image * Lanes;

    /// <summary>
    /// The pixel of the batch that a lane has at an index of the piece; -1 if it is outside of the image or the image
    /// does not exist.
    /// </summary>
    /// <param name="lane">Pieces row by row, the images of each together.</param>
    /// <param name="row">Row of the piece.</param>
    /// <param name="column">Column of the piece.</param>
    internal long PixelOf(int lane, int row, int column)
    {
        // Both are powers of two, and this is asked for each pixel.
        int piece = lane >> BitOperations.Log2((uint)Images.Interleave), image = lane & (Images.Interleave - 1);
        int down = piece >> BitOperations.Log2((uint)Grid.Columns), right = piece & (Grid.Columns - 1);
        int y = (down * Piece.Height) + row, x = (right * Piece.Width) + column;
        return image < Images.Count && y < Shape.Height && x < Shape.Width
            ? ((((long)Images.First + image) * Shape.Height) + y) * Shape.Width + x
            : -1;
    }

    /// <summary>
    /// For each lane the one whose piece lies some pieces further down and to the right, -1 if the image has no such
    /// pixel.
    /// </summary>
    /// <param name="down">Pieces further down; negative: up.</param>
    /// <param name="right">Pieces further to the right.</param>
    /// <param name="row">Row of the pixel in that piece.</param>
    /// <param name="column">Its column.</param>
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
