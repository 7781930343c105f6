namespace Temper.Kernels;

/// <summary>
/// A square grid of vectors in memory: the address of the first one, and the distances between rows and between
/// columns.
/// </summary>
internal readonly unsafe record struct VectorGrid(nint Address, nint RowStep, nint ColumnStep)
{
    internal VectorGrid(float* first, nint rowStep, nint columnStep)
        : this((nint)first, rowStep, columnStep)
    {
    }

    internal float* First => (float*)Address;
}

/// <summary>Channels-last images, divided into the squares of pixels that tiles read and write.</summary>
internal readonly unsafe struct TiledImages(float* data, int height, int width, int channels)
{
    /// <summary>Number of result pixels of a tile in each direction.</summary>
    internal const int Step = 4;

    /// <summary>Number of products per tile: (4 + 3 - 1)^2.</summary>
    internal const int Products = 36;

    /// <summary>Number of tile rows per image.</summary>
    internal int TileRows => Chunks.Count(height, Step);

    /// <summary>Number of padding rows above the image.</summary>
    internal int PadTop { get; init; }

    /// <summary>Number of padding columns at the left of the image.</summary>
    internal int PadLeft { get; init; }

    /// <summary>Number of pixel rows of a tile row that are inside the image.</summary>
    internal int Rows(int tileRow) => Math.Min(Step, height - (tileRow * Step));

    /// <summary>
    /// Whether vectors may read floats past the channels of a range. Their products are not used, and the memory
    /// extends past the last pixel.
    /// </summary>
    internal bool ReadsBeyond { get; init; }

    internal long Offset(int image, int row, int column) =>
        ((((((long)image * height) + row) * width) + column) * channels);

    /// <summary>
    /// Returns some channels of the square of pixels that a tile reads: in place if all pixels are inside the image and
    /// the channels fill whole vectors; else a copy in <paramref name="patch"/>, padded with zeros.
    /// </summary>
    internal VectorGrid Read(in Corner result, int size, ChannelRange range, float* patch)
    {
        var corner = new Corner(result.Image, result.Row - PadTop, result.Column - PadLeft);
        bool isInside =
            corner.Row >= 0 && corner.Column >= 0 && corner.Row + size <= height && corner.Column + size <= width;
        if (isInside && (range.Count == range.Padded || ReadsBeyond))
        {
            return new VectorGrid(
                data + Offset(corner.Image, corner.Row, corner.Column) + range.First, (nint)width * channels, channels);
        }

        (int left, int right) = (Math.Clamp(-corner.Column, 0, size), Math.Clamp(width - corner.Column, 0, size));
        for (int i = 0; i < size; i++)
        {
            float* target = patch + (i * size * range.Padded);
            int row = corner.Row + i;
            if ((uint)row >= (uint)height || right <= left || right - left < size || range.Count < range.Padded)
            {
                new Span<float>(target, size * range.Padded).Clear();
            }

            if ((uint)row < (uint)height && right > left)
            {
                float* source = data + Offset(corner.Image, row, corner.Column + left) + range.First;
                ColumnCopies.Copy(
                    source, channels, target + (left * range.Padded), range.Padded, range.Count, right - left);
            }
        }

        return new VectorGrid(patch, (nint)size * range.Padded, range.Padded);
    }

    /// <summary>
    /// Returns the grid for a tile's results: in place if all of them are inside the image and the channels fill whole
    /// vectors; else the patch.
    /// </summary>
    internal VectorGrid Target(in Corner corner, ChannelRange range, float* patch)
    {
        bool isInside = corner.Row + Step <= height && corner.Column + Step <= width;
        return isInside && range.Count == range.Padded
            ? new VectorGrid(
                data + Offset(corner.Image, corner.Row, corner.Column) + range.First, (nint)width * channels, channels)
            : new VectorGrid(patch, (nint)Step * range.Padded, range.Padded);
    }

    /// <summary>Copies a tile's valid results from the patch to the image.</summary>
    internal void Store(in Corner corner, ChannelRange range, float* patch)
    {
        int columns = Math.Min(Step, width - corner.Column);
        for (int i = 0; i < Rows(corner.Row / Step); i++)
        {
            float* target = data + Offset(corner.Image, corner.Row + i, corner.Column) + range.First;
            ColumnCopies.Copy(patch + (i * Step * range.Padded), range.Padded, target, channels, range.Count, columns);
        }
    }
}

/// <summary>Position of the first pixel of a square.</summary>
internal readonly record struct Corner(int Image, int Row, int Column);

/// <summary>A range of channels, and its length rounded up to whole vectors.</summary>
internal readonly record struct ChannelRange(int First, int Count, int Padded)
{
    /// <summary>Returns a block of <paramref name="size"/> channels; the last block may be smaller.</summary>
    internal static ChannelRange Of(int block, int channels, int size = WinogradTiling.BlockChannels)
    {
        int first = block * size, lanes = GemmTile.Active.Lanes;
        int count = Math.Min(size, channels - first);
        return new ChannelRange(first, count, Chunks.Count(count, lanes) * lanes);
    }
}
