namespace Temper.Kernels;

/// <summary>
/// Shape of images for sparse kernels. There is one plane per channel, with a border, and the same pixel of several
/// images is contiguous: <c>[group][C][top + H + bottom][left + W + right][images of the group]</c>. See <see
/// cref="ImageGroup"/> and, for images cut into pieces, <see cref="PlaneGroup"/>.
/// </summary>
internal readonly record struct PlaneShape(int Channels, int Height, int Width)
{
    internal int Top { get; init; }

    internal int Left { get; init; }

    internal int Bottom { get; init; }

    internal int Right { get; init; }

    /// <summary>
    /// Whether images are cut into pieces if their group does not fill a vector; see <see cref="PieceGrid"/>.
    /// </summary>
    internal bool IsCut { get; init; }

    /// <summary>Pixels from one row to the next.</summary>
    internal int Pitch => Left + Width + Right;

    /// <summary>Number of pixels of a plane, including its border.</summary>
    internal int Plane => (Top + Height + Bottom) * Pitch;

    /// <summary>Index in the plane of the image's first pixel.</summary>
    internal int Origin => (Top * Pitch) + Left;

    /// <summary>Number of pixels of an image, including all channels and borders.</summary>
    internal long Image => (long)Channels * Plane;

    internal bool HasBorder => Plane > Height * Width;

    /// <summary>Returns the shape of a piece of an image; each piece has its own border.</summary>
    internal PlaneShape Piece(PieceGrid grid) => this with
    {
        Height = Chunks.Count(Height, grid.Rows), Width = Chunks.Count(Width, grid.Columns), IsCut = false,
    };

    /// <summary>Returns the size of a batch, in floats.</summary>
    internal long Floats(int batch)
    {
        long floats = 0;
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            floats += new PlaneGroup(this, ImageGroup.At(i, batch)).Floats;
        }

        return floats;
    }
}
