namespace Temper.Kernels;

/// <summary>
/// Images for sparse kernels: plane by plane of a channel, each with a border of zeros, and the same pixel of several
/// images side by side: <c>[group][C][top + H + bottom][left + W + right][images of the group]</c>. See
/// <see cref="ImageGroup"/> and, for images that are cut into pieces, <see cref="PlaneGroup"/>.
/// </summary>
internal readonly record struct PlaneShape(int Channels, int Height, int Width)
{
    internal int Top { get; init; }

    internal int Left { get; init; }

    internal int Bottom { get; init; }

    internal int Right { get; init; }

    /// <summary>
    /// Whether images of groups that do not fill a vector are cut into pieces, see <see cref="PieceGrid"/>.
    /// </summary>
    internal bool IsCut { get; init; }

    /// <summary>Pixels from one row to the next.</summary>
    internal int Pitch => Left + Width + Right;

    /// <summary>Pixels of a plane, its border included.</summary>
    internal int Plane => (Top + Height + Bottom) * Pitch;

    /// <summary>The first pixel of a plane that belongs to the image.</summary>
    internal int Origin => (Top * Pitch) + Left;

    /// <summary>Pixels of an image, all channels and borders.</summary>
    internal long Image => (long)Channels * Plane;

    internal bool HasBorder => Plane > Height * Width;

    /// <summary>A piece of an image, which has a border of its own.</summary>
    internal PlaneShape Piece(PieceGrid grid) => this with
    {
        Height = Chunks.Count(Height, grid.Rows), Width = Chunks.Count(Width, grid.Columns), IsCut = false,
    };

    /// <summary>Floats of a batch.</summary>
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
