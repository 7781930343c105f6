namespace Temper.Kernels;

/// <summary>
/// A square of vectors in memory: where the first stands and how far it is to the next row and the next column.
/// </summary>
internal readonly unsafe record struct VectorGrid(nint Address, nint RowStep, nint ColumnStep)
{
    internal VectorGrid(float* first, nint rowStep, nint columnStep)
        : this((nint)first, rowStep, columnStep)
    {
    }

    internal float* First => (float*)Address;
}

/// <summary>Channels-last images, and the squares of their pixels that tiles read and write.</summary>
internal readonly unsafe struct TiledImages(float* data, int height, int width, int channels)
{
    /// <summary>Pixels that a tile gives in each direction.</summary>
    internal const int Step = 4;

    /// <summary>Products of a tile: (4 + 3 - 1)^2.</summary>
    internal const int Products = 36;

    /// <summary>Rows of tiles of one image.</summary>
    internal int TileRows => Chunks.Count(height, Step);

    /// <summary>Rows above the image where tiles begin to read.</summary>
    internal int PadTop { get; init; }

    /// <summary>Columns left of the image.</summary>
    internal int PadLeft { get; init; }

    /// <summary>Pixel rows of a row of tiles that exist.</summary>
    internal int Rows(int tileRow) => Math.Min(Step, height - (tileRow * Step));

    /// <summary>
    /// Whether what stands behind the channels of a range may be read in their vectors: it is multiplied with nothing,
    /// and memory goes on behind the last pixel.
    /// </summary>
    internal bool ReadsBeyond { get; init; }

    internal long Offset(int image, int row, int column) =>
        ((((((long)image * height) + row) * width) + column) * channels);

    /// <summary>
    /// Some channels of the square of pixels that a tile reads: where they stand if all of them are inside the image
    /// and fill whole vectors, else a copy with zeros instead of the others.
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

    /// <summary>Where a tile's results go: their index, or the patch if not all of them exist.</summary>
    internal VectorGrid Target(in Corner corner, ChannelRange range, float* patch)
    {
        bool isInside = corner.Row + Step <= height && corner.Column + Step <= width;
        return isInside && range.Count == range.Padded
            ? new VectorGrid(
                data + Offset(corner.Image, corner.Row, corner.Column) + range.First, (nint)width * channels, channels)
            : new VectorGrid(patch, (nint)Step * range.Padded, range.Padded);
    }

    /// <summary>Copies what exists of a tile's results from the patch.</summary>
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

/// <summary>The first pixel of a square.</summary>
internal readonly record struct Corner(int Image, int Row, int Column);

/// <summary>Some neighboring channels, and how many they are in whole vectors.</summary>
internal readonly record struct ChannelRange(int First, int Count, int Padded)
{
    /// <summary>A block of channels of some size; the last may have fewer.</summary>
    internal static ChannelRange Of(int block, int channels, int size = WinogradTiling.BlockChannels)
    {
        int first = block * size, lanes = GemmTile.Active.Lanes;
        int count = Math.Min(size, channels - first);
        return new ChannelRange(first, count, Chunks.Count(count, lanes) * lanes);
    }
}
