namespace Temper.Kernels;

/// <summary>A range of tile rows, numbered across all images.</summary>
/// <param name="First">Index of the first tile row.</param>
/// <param name="Count">Number of tile rows.</param>
/// <param name="PerImage">Number of tile rows per image.</param>
/// <param name="Columns">Number of tiles per row.</param>
internal readonly record struct TileRows(int First, int Count, int PerImage, int Columns)
{
    internal int Tiles => Count * Columns;

    /// <summary>Returns the position of a tile's first result pixel.</summary>
    internal Corner Corner(int row, int column)
    {
        (int image, int index) = Math.DivRem(First + row, PerImage);
        return new Corner(image, index * TiledImages.Step, column * TiledImages.Step);
    }
}

/// <summary>
/// Some channels of some transformed tiles, <c>[product][tile][channel, padded to vectors]</c>, in scratch memory.
/// </summary>
internal readonly unsafe struct TileVectors
{
    /// <summary>
    /// Extra floats between products, so that the 36 vectors of a tile do not map to the same cache set.
    /// </summary>
    internal const int Skew = 16;

    private readonly float* _first;
    private readonly int _step;

    internal TileVectors(Scratch.Use use, int tiles, int channels)
        : this(Scratch.Rent(use, Floats(tiles, channels)), tiles, channels)
    {
    }

    internal TileVectors(float* memory, int tiles, int channels)
    {
        (Tiles, Channels) = (tiles, channels);
        _step = (tiles * channels) + Skew;
        _first = memory;
    }

    internal int Tiles { get; }

    /// <summary>Returns the size of some tiles, in floats.</summary>
    internal static long Floats(int tiles, int channels) => (long)TiledImages.Products * ((tiles * channels) + Skew);

    /// <summary>Number of floats per tile in each product.</summary>
    internal int Channels { get; }

    internal float* At(int product) => _first + ((long)product * _step);

    /// <summary>Transforms the pixels that the tiles read.</summary>
    internal void Transform<TTransform>(in TiledImages images, in TileRows rows, ChannelRange range)
        where TTransform : unmanaged, IWinogradTransform
    {
        float* patch = Scratch.Rent(Scratch.Use.Tile, WinogradTransforms.PatchFloats + WinogradTransforms.Between);
        float* target = _first;
        for (int row = 0; row < rows.Count; row++)
        {
            for (int column = 0; column < rows.Columns; column++, target += Channels)
            {
                VectorGrid source = images.Read(rows.Corner(row, column), TTransform.Inputs, range, patch);
                WinogradTransforms.Run<TTransform>(
                    source, Grid(target), Channels, patch + WinogradTransforms.PatchFloats);
            }
        }
    }

    /// <summary>Returns the products of a tile as a square grid.</summary>
    internal VectorGrid Grid(float* tile) => new(tile, 6 * _step, _step);
}
